package warehouse

import (
	"errors"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Condition is what a server means by an error, as far as an operator can act.
type Condition int

// The conditions. Other covers all that may pass by itself.
const (
	Other   Condition = iota
	Denied            // user, password or rights are not those that glint needs
	Unknown           // the server does not know a setting, type or function of glint's: it is too old
	NoRoom            // the server's disk is full
)

// conditions are ClickHouse's codes (ErrorCodes.cpp) by their condition.
var conditions = map[int32]Condition{
	192: Denied,  // UNKNOWN_USER
	193: Denied,  // WRONG_PASSWORD
	194: Denied,  // REQUIRED_PASSWORD
	497: Denied,  // ACCESS_DENIED
	516: Denied,  // AUTHENTICATION_FAILED
	46:  Unknown, // UNKNOWN_FUNCTION
	48:  Unknown, // NOT_IMPLEMENTED
	50:  Unknown, // UNKNOWN_TYPE
	62:  Unknown, // SYNTAX_ERROR
	115: Unknown, // UNKNOWN_SETTING
	243: NoRoom,  // NOT_ENOUGH_SPACE
}

// ConditionOf returns the condition that the server's error stands for.
func ConditionOf(err error) Condition {
	if e, ok := errors.AsType[*clickhouse.Exception](err); ok {
		return conditions[e.Code]
	}
	return Other
}
