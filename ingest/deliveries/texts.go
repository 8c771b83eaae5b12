package deliveries

import (
	"bufio"
	"errors"
	"io"

	"github.com/google/uuid"
)

// none is no message's id.
var none uuid.UUID

// only returns the text of a list of one, as a tag that can only be the campaign.
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

// maxLineBytes bounds a line of a log or a form.
const maxLineBytes = 1 << 20

// readLine returns the next line without its end; of one that is too long the
// beginning. It returns io.EOF behind the last one.
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
