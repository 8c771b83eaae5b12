package deliveries

import (
	"bufio"
	"errors"
	"io"

	"github.com/google/uuid"
)

// none is the id of no message.
var none uuid.UUID

// only returns the element of a list of one: such a tag can only be the
// campaign.
func only(list []any) string {
	if len(list) != 1 {
		return ""
	}
	return textOf(list[0])
}

func firstElement(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// maxLineBytes is the longest line of a log or a form.
const maxLineBytes = 1 << 20

// readLine returns the next line without its end; if it is too long, only its
// beginning. After the last line it returns io.EOF.
func readLine(in *bufio.Reader) (line string, tooLong bool, err error) {
	var long []byte
	for {
		part, err := in.ReadSlice('\n')
		if room := maxLineBytes - len(long); len(part) > room {
			part, tooLong = part[:max(room, 0)], true
		}
		if err == nil && long == nil {
			return string(part), tooLong, nil
		}
		long = append(long, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(long) > 0, err == nil:
			return string(long), tooLong, nil
		default:
			return "", false, err
		}
	}
}
