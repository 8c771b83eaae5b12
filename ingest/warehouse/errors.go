package warehouse

import (
	"context"
	"errors"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// ErrNoSchema is returned if a table of glint is missing.
var ErrNoSchema = errors.New("warehouse: the schema is missing (run: glint migrate up)")

// ErrRows is wrapped by errors about rows that do not fit the table's columns,
// such as a class outside its enum.
var ErrRows = errors.New("warehouse: unfit rows")

// permanentCodes are the ClickHouse errors about the rows themselves: values
// that cannot be read or converted, and values outside an enum. The numbers are
// from ClickHouse's ErrorCodes.cpp. A missing table, column, setting or right
// is not permanent, since the operator can fix it and the rows are valid.
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

// Retryable reports whether the same rows may be accepted later: after a
// network error, a timeout, a full disk, a restart, a missing right. An unknown
// error counts as retryable, since losing a row is worse than retrying. A
// canceled context does not.
func Retryable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrRows) {
		return false
	}
	e, ok := errors.AsType[*clickhouse.Exception](err)
	return !ok || !permanentCodes[e.Code]
}
