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
		which := half(fields[4])
		r.judged("yauaa ("+which+")", expected, verdict)
		r.judged("yauaa", expected, verdict)
		r.held.add("yauaa", labelled{fields[4], expected})
		if !expected.right.has(verdict.Class) && which == misses {
			r.misses = append(r.misses, expected.name+" "+verdict.Reason+" "+fields[4])
		}
	})
	if err != nil {
		return err
	}
	r.bar(r.row("yauaa", mailClient.name).rows == 72, "yauaa: %d mail clients (72)", r.row("yauaa", mailClient.name).rows)
	r.agentBars("yauaa")
	return nil
}

// agentBars hold for every corpus of user agents, for the labels it has.
func (r *report) agentBars(corpus string) {
	if t := r.row(corpus, mailClient.name); t.rows > 0 {
		r.bar(t.nonHuman() == 0, "%s: %d of %d mail clients in a non-human class (0)", corpus, t.nonHuman(), t.rows)
	}
	if t := r.row(corpus, robot.name); t.rows > 0 {
		r.bar(share(t.right, t.rows) >= 90, "%s: %.2f %% of robots non-human or unknown (>= 90)", corpus, share(t.right, t.rows))
	}
	if t := r.row(corpus, browser.name); t.rows > 0 {
		r.bar(share(t.nonHuman(), t.rows) <= 1.5, "%s: %.2f %% of browsers non-human (<= 1.5)", corpus, share(t.nonHuman(), t.rows))
	}
}

func yauaaExpectation(agentClass, deviceClass string) expectation {
	switch {
	case strings.HasPrefix(agentClass, "Robot"):
		return robot
	case agentClass == "Email Client":
		return mailClient
	case agentClass == "Hacker":
		return attack
	case strings.HasPrefix(agentClass, "Browser") && !strings.HasPrefix(deviceClass, "Robot"):
		return browser
	case strings.HasPrefix(agentClass, "Browser"):
		return robot
	case agentClass == "Mobile App":
		return mobileApp
	}
	return other
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
				unlabelled := expectation{"(other families)", 0, anything}
				r.judged("uap-core", unlabelled, verdict)
				r.held.add("uap-core", labelled{agent, unlabelled})
				return
			}
			right := verdict.Class == want.class && verdict.Reason == want.reason
			expected := expectation{family, oneOf(want.class), oneOf(want.class)}
			r.judged("uap-core", expected, verdict)
			r.held.add("uap-core", labelled{agent, expected})
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
