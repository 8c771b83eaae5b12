package main

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"os"
	"strings"

	"glint/edge/classify"
)

func judgeAgent(userAgent string) classify.Verdict {
	return classify.Judge(&classify.Request{UserAgent: userAgent, Network: classify.NetworkNone})
}

func isHuman(c classify.Class) bool {
	return c == classify.HumanDirect || c == classify.ProxyHuman
}

// eachLine reads a text file; user agents are never longer than a few kilobytes.
func eachLine(path string, use func(line string)) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read corpus: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		use(lines.Text())
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read corpus %s: %w", path, err)
	}
	return nil
}

// half splits the corpus by a hash of the user agent. The word lists were
// written with the first half in view; the second one shows how they generalise.
func half(userAgent string) string {
	h := fnv.New32a()
	h.Write([]byte(userAgent))
	if h.Sum32()>>3%2 == 0 {
		return "derive"
	}
	return "check"
}

// judgeYauaa reads source_file, agent_class, agent_name, device_class, user_agent.
func judgeYauaa(r *report, path, misses string) error {
	head := true
	err := eachLine(path, func(line string) {
		fields := strings.SplitN(line, "\t", 5)
		if head || len(fields) != 5 {
			head = false
			return
		}
		expected := yauaaExpectation(fields[1], fields[3])
		verdict := judgeAgent(fields[4])
		right := isRight(expected, verdict.Class)
		which := half(fields[4])
		r.row("yauaa ("+which+")", expected).add(verdict.Class, right)
		r.row("yauaa", expected).add(verdict.Class, right)
		if !right && which == misses {
			r.misses = append(r.misses, expected+" "+verdict.Reason+" "+fields[4])
		}
	})
	if err != nil {
		return err
	}
	mail, robots, browsers := r.row("yauaa", "mail client"), r.row("yauaa", "robot"), r.row("yauaa", "browser")
	r.bar(mail.rows == 72 && mail.nonHuman() == 0, "yauaa: %d of %d mail clients in a non-human class (0 of 72)", mail.nonHuman(), mail.rows)
	r.bar(share(robots.right, robots.rows) >= 90, "yauaa: %.2f %% of robots non-human or unknown (>= 90)", share(robots.right, robots.rows))
	r.bar(browsers.rows > 0 && share(browsers.nonHuman(), browsers.rows) <= 1.5, "yauaa: %.2f %% of browsers non-human (<= 1.5)", share(browsers.nonHuman(), browsers.rows))
	return nil
}

// isRight: a person's program must be human (an app may be unknown), a machine
// must not be. Unlabelled kinds are only counted.
func isRight(expected string, class classify.Class) bool {
	switch expected {
	case "browser", "mail client":
		return isHuman(class)
	case "robot", "attack":
		return !isHuman(class)
	case "mobile app":
		return isHuman(class) || class == classify.Unknown
	}
	return true
}

func yauaaExpectation(agentClass, deviceClass string) string {
	switch {
	case strings.HasPrefix(agentClass, "Robot"):
		return "robot"
	case agentClass == "Email Client":
		return "mail client"
	case agentClass == "Hacker":
		return "attack"
	case strings.HasPrefix(agentClass, "Browser") && !strings.HasPrefix(deviceClass, "Robot"):
		return "browser"
	case strings.HasPrefix(agentClass, "Browser"):
		return "robot"
	case agentClass == "Mobile App":
		return "mobile app"
	}
	return "other"
}

// uapFamilies are the families of uap-core that have one right answer.
var uapFamilies = map[string]struct {
	class  classify.Class
	reason string
}{
	"GmailImageProxy":   {classify.ProxyHuman, "proxy_gmail"},
	"YahooMailProxy":    {classify.ProxyHuman, "proxy_yahoo"},
	"Outlook":           {classify.HumanDirect, "mail_client"},
	"MacOutlook":        {classify.HumanDirect, "mail_client"},
	"Outlook-iOS":       {classify.HumanDirect, "mail_client"},
	"Windows Live Mail": {classify.HumanDirect, "mail_client"},
	"Thunderbird":       {classify.HumanDirect, "mail_client"},
	"Superhuman":        {classify.ProxyHuman, "proxy_superhuman"},
}

// judgeUAPCore reads the file's one shape, a list of
//
//   - user_agent_string: 'UA'
//     family: 'FAMILY'
func judgeUAPCore(r *report, path, misses string) error {
	agent, rows, wrong := "", 0, 0
	err := eachLine(path, func(line string) {
		key, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "- "), ":")
		if !ok {
			return
		}
		switch key {
		case "user_agent_string":
			agent = unquote(value)
		case "family":
			family := unquote(value)
			verdict := judgeAgent(agent)
			want, known := uapFamilies[family]
			if !known {
				r.row("uap-core", "(other families)").add(verdict.Class, true)
				return
			}
			right := verdict.Class == want.class && verdict.Reason == want.reason
			r.row("uap-core", family).add(verdict.Class, right)
			rows++
			if !right {
				wrong++
			}
			if !right && misses != "" {
				r.misses = append(r.misses, family+" "+verdict.Reason+" "+agent)
			}
		}
	})
	if err != nil {
		return err
	}
	r.bar(rows > 0 && wrong == 0, "uap-core: %d of %d rows of mail families in another class (0)", wrong, rows)
	return nil
}

func unquote(value string) string {
	value = strings.TrimSpace(value)
	for _, quote := range []string{"'", `"`} {
		if len(value) >= 2 && strings.HasPrefix(value, quote) && strings.HasSuffix(value, quote) {
			return strings.ReplaceAll(value[1:len(value)-1], quote+quote, quote)
		}
	}
	return value
}
