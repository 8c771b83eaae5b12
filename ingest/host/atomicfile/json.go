package atomicfile

import "encoding/json"

// WriteJSON is WriteFile for v as a JSON document with a line feed behind it. With
// indent, each level of it begins with that text; with "" it is one line.
func WriteJSON(path, indent string, v any) error {
	b, err := json.Marshal(v)
	if indent != "" {
		b, err = json.MarshalIndent(v, "", indent)
	}
	if err != nil {
		return err
	}
	return WriteFile(path, append(b, '\n'))
}
