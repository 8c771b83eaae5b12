package warehouse

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// ErrNoSchema is returned where a table of glint is missing.
var ErrNoSchema = errors.New("warehouse: the schema is missing (run: glint migrate up)")

// permanentCodes are the ClickHouse errors which the same rows give again,
// however often they are sent: wrong types, unknown columns and enum values,
// missing rights. The numbers are those of ClickHouse's ErrorCodes.cpp.
var permanentCodes = map[int32]bool{
	6: true, 16: true, 27: true, 33: true, 36: true, 43: true, 47: true, 53: true, 60: true, 62: true,
	69: true, 70: true, 72: true, 115: true, 117: true, 131: true, 349: true, 497: true, 516: true, 691: true,
}

// Retryable reports whether the same statement may succeed later: the network,
// a timeout, a full disk, a restarting server. An error that is not known to be
// permanent counts as retryable, since losing a row is worse than trying again.
func Retryable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	if e, ok := errors.AsType[*clickhouse.Exception](err); ok {
		return !permanentCodes[e.Code]
	}
	return !errors.Is(err, ErrNoSchema)
}

// Unreachable reports whether nobody answered as ClickHouse.
func Unreachable(err error) bool {
	if _, ok := errors.AsType[*clickhouse.Exception](err); ok {
		return false
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, context.DeadlineExceeded)
}
