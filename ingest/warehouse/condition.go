package warehouse

import (
	"errors"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Condition classifies a server's error by what an operator can do about it.
type Condition int

// The conditions. Other is for errors that may be temporary.
const (
	Other   Condition = iota
	Denied            // wrong user or password, or missing rights
	Unknown           // the server is too old: it lacks a setting, type or function that glint uses
	NoRoom            // the server's disk is full
)

// conditions maps ClickHouse's codes (ErrorCodes.cpp) to conditions.
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

// ConditionOf returns the condition of a server's error.
func ConditionOf(err error) Condition {
	if e, ok := errors.AsType[*clickhouse.Exception](err); ok {
		return conditions[e.Code]
	}
	return Other
}
