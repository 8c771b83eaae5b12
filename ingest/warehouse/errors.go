package warehouse

import (
	"context"
	"errors"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// ErrNoSchema is returned where a table of glint is missing.
var ErrNoSchema = errors.New("warehouse: the schema is missing (run: glint migrate up)")

// ErrRows is wrapped by the error about rows that do not fit the table's
// columns: a class which its enum does not have.
var ErrRows = errors.New("warehouse: unfit rows")

// permanentCodes are the ClickHouse errors about the rows themselves: values
// that cannot be read or converted, and values that no enum has. The numbers are
// from ClickHouse's ErrorCodes.cpp. A missing table, column, setting or
// right is not among them, since the operator can mend it and the rows are good.
var permanentCodes = map[int32]bool{
	6:   true, // CANNOT_PARSE_TEXT
	27:  true, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
	36:  true, // BAD_ARGUMENTS
	43:  true, // ILLEGAL_TYPE_OF_ARGUMENT
	53:  true, // TYPE_MISMATCH
	69:  true, // ARGUMENT_OUT_OF_BOUND
	70:  true, // CANNOT_CONVERT_TYPE
	72:  true, // CANNOT_PARSE_NUMBER
	117: true, // INCORRECT_DATA
	131: true, // TOO_LARGE_STRING_SIZE
	349: true, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
	691: true, // UNKNOWN_ELEMENT_OF_ENUM
}

// Retryable reports whether the same rows may be taken later: the network, a
// timeout, a full disk, a restarting server, a missing right. An error that is
// not known to be permanent counts as retryable, since losing a row is worse
// than trying again. A canceled context is no reason to go on.
func Retryable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrRows) {
		return false
	}
	e, ok := errors.AsType[*clickhouse.Exception](err)
	return !ok || !permanentCodes[e.Code]
}
