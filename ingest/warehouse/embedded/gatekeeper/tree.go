package gatekeeper

import (
	"strings"
)

// treeNodes are the allowed nodes of a syntax tree. ColumnsApplyTransformer and
// ColumnsReplaceTransformer are missing on purpose: they contain names and
// expressions that the engine does not show.
var treeNodes = setOf(`
	SelectWithUnionQuery SelectIntersectExceptQuery SelectQuery ExpressionList Subquery WithElement
	TablesInSelectQuery TablesInSelectQueryElement TableExpression TableIdentifier TableJoin ArrayJoin
	Identifier Literal Function Asterisk QualifiedAsterisk ColumnsRegexpMatcher ColumnsListMatcher
	QualifiedColumnsRegexpMatcher QualifiedColumnsListMatcher ColumnsTransformerList ColumnsExceptTransformer
	OrderByElement InterpolateElement StorageOrderByElement WindowListElement WindowDefinition SampleRatio Set
	DescribeQuery ShowTables ShowColumns ShowFunctions ShowSetting ShowEngineQuery
	ShowCreateTableQuery ShowCreateViewQuery ExistsTableQuery ExistsViewQuery ExistsDatabaseQuery`)

// treeNode is one line of EXPLAIN AST.
type treeNode struct {
	depth int
	kind  string
	name  string // without alias and number of children
}

func parseTreeLine(line string) treeNode {
	trimmed := strings.TrimLeft(line, " ")
	kind, rest, _ := strings.Cut(trimmed, " ")
	name, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " (")
	return treeNode{depth: len(line) - len(trimmed), kind: kind, name: name}
}

// checkTree refuses a statement whose syntax tree contains a node, function,
// table function or database that readers may not use. The lines are the
// engine's answer to EXPLAIN AST, in order.
func checkTree(lines []string, settings int, views map[string]bool) *Refusal {
	found := 0
	parents := []treeNode{}
	for _, line := range lines {
		node := parseTreeLine(line)
		if !treeNodes[strings.ToLower(node.kind)] {
			return denied("a reader's statement cannot hold " + printable(node.kind))
		}
		for len(parents) > 0 && parents[len(parents)-1].depth >= node.depth {
			parents = parents[:len(parents)-1]
		}
		parent := ""
		if len(parents) > 0 {
			parent = parents[len(parents)-1].kind
		}
		parents = append(parents, node)
		if node.kind == "Set" {
			found++
		}
		if refused := checkNode(node, parent, views); refused != nil {
			return refused
		}
	}
	if len(lines) == 0 || found != settings {
		return &Refusal{codeNotImplemented, "NOT_IMPLEMENTED", "the engine reads the statement's SETTINGS in another way than the check"}
	}
	return nil
}

func checkNode(node treeNode, parent string, views map[string]bool) *Refusal {
	switch node.kind {
	case "Function":
		name := strings.ToLower(node.name)
		switch {
		case !functionForm.MatchString(node.name), functionRefused(node.name):
			return functionDenied(node.name)
		case refusedTableFunctions[name] && !views[name]:
			return functionDenied(node.name)
		case parent == "TableExpression" && !allowedTableFunctions[name] && !views[name]:
			return denied("the table function " + printable(node.name) + " is not open to a reader")
		}
	case "Identifier":
		_, last, dotted := strings.Cut(node.name, ".")
		if !dotted {
			last = node.name
		}
		if !dotted && functionRefused(last) {
			return functionDenied(node.name)
		}
	case "TableIdentifier":
		database, _, qualified := strings.Cut(node.name, ".")
		if qualified && !databases[strings.ToLower(database)] {
			return denied("the database " + printable(database) + " is not open to a reader")
		}
	}
	return nil
}
