package gatekeeper

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Limits are the highest values that a reader may request. Higher values, and 0
// if it means unlimited, are lowered to them.
type Limits struct {
	Threads          uint64
	MemoryBytes      uint64
	ExecutionSeconds uint64
}

// rule checks the value of a setting and returns the value to send on.
type rule func(value string, limits Limits) (string, bool)

// The forms of values. No form allows a path, an address or SQL.
var (
	digitsForm   = regexp.MustCompile(`^-?[0-9]{1,20}(\.[0-9]{1,20})?$`)
	choiceForm   = regexp.MustCompile(`^[A-Za-z0-9_]{1,40}$`)
	zoneForm     = regexp.MustCompile(`^[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}$`)
	readonlyForm = regexp.MustCompile(`^[12]$`)
)

func matches(form *regexp.Regexp) rule {
	return func(value string, _ Limits) (string, bool) { return value, form.MatchString(value) }
}

var (
	numeric = matches(digitsForm) // also for Bool: 0 and 1
	choice  = matches(choiceForm) // also true and false
)

func atMost(limit func(Limits) uint64) rule {
	return func(value string, limits Limits) (string, bool) {
		most := limit(limits)
		if !digitsForm.MatchString(value) || strings.HasPrefix(value, "-") {
			return "", false
		}
		asked, err := strconv.ParseFloat(value, 64)
		if err != nil || asked == 0 || asked > float64(most) {
			return strconv.FormatUint(most, 10), true
		}
		return value, true
	}
}

// allowedSettings change the form, the size or the computation of an answer,
// and access nothing outside the query.
var allowedSettings = map[string]rule{
	"max_threads":        atMost(func(l Limits) uint64 { return l.Threads }),
	"max_memory_usage":   atMost(func(l Limits) uint64 { return l.MemoryBytes }),
	"max_execution_time": atMost(func(l Limits) uint64 { return l.ExecutionSeconds }),
	"max_block_size":     atMost(func(Limits) uint64 { return 1 << 20 }),

	"max_result_rows": numeric, "max_result_bytes": numeric, "result_overflow_mode": choice,
	"limit": numeric, "offset": numeric, "extremes": choice,
	"readonly":         matches(readonlyForm),
	"session_timezone": matches(zoneForm),

	// How a query is read and computed; clients send these.
	"join_use_nulls": choice, "group_by_use_nulls": choice, "prefer_column_name_to_alias": choice,
	"union_default_mode": choice, "transform_null_in": choice, "final": choice, "enable_analyzer": choice,
	"allow_experimental_analyzer": choice, "use_variant_as_common_type": choice,
	"least_greatest_legacy_null_behavior": choice, "join_algorithm": choice, "use_query_condition_cache": choice,
	"optimize_move_to_prewhere_if_final": choice, "do_not_merge_across_partitions_select_final": choice,
	"optimize_aggregation_in_order": choice, "optimize_read_in_order": choice, "select_sequential_consistency": choice,
	"async_insert": choice, "wait_for_async_insert": choice, "output_format_json_quote_64bit_integers": choice,
	"aggregate_functions_null_for_empty": choice, "enable_named_columns_in_function_tuple": choice,

	// How an answer is written and sent.
	"date_time_input_format": choice, "date_time_output_format": choice, "network_compression_method": choice,
	"network_zstd_compression_level": numeric, "enable_http_compression": choice, "http_zlib_compression_level": numeric,
	"send_progress_in_http_headers": choice, "http_headers_progress_interval_ms": numeric,
	"http_wait_end_of_query": choice, "http_response_buffer_size": numeric,
	"http_write_exception_in_output_format": choice, "cancel_http_readonly_queries_on_client_close": choice,
	"low_cardinality_allow_in_native_format": choice, "errors_output_format": choice,
	"connect_timeout": numeric, "receive_timeout": numeric, "send_timeout": numeric,
	"http_receive_timeout": numeric, "http_send_timeout": numeric,
}

// families are prefixes of settings that say how values are cast, and how the listed
// formats are written. Clients send those that system.settings lists and that suit
// them: clickhouse-connect 1.12 sends one on casts with each query. Their values must
// be numbers or choices, so that no file name fits.
var families = []string{
	"cast_",
	"output_format_json_", "output_format_csv_", "output_format_tsv_", "output_format_pretty_",
	"output_format_parquet_", "output_format_arrow_", "output_format_orc_", "output_format_native_",
	"output_format_binary_", "output_format_values_", "output_format_markdown_", "output_format_bson_",
	"output_format_msgpack_", "output_format_decimal_", "output_format_enable_", "output_format_write_",
}

// checkSetting returns the value to send on for a reader's setting.
func checkSetting(name, value string, limits Limits) (string, *Refusal) {
	check, known := allowedSettings[name]
	for i := 0; !known && i < len(families); i++ {
		if strings.HasPrefix(name, families[i]) {
			check, known = choice, true
		}
	}
	if !known {
		return "", &Refusal{
			codeConstraint, "SETTING_CONSTRAINT_VIOLATION",
			fmt.Sprintf("the setting %s is not open to a reader; leave it out", printable(name)),
		}
	}
	allowed, ok := check(value, limits)
	if !ok {
		if name == "readonly" {
			return "", &Refusal{codeReadonly, "READONLY", "readonly cannot be lowered"}
		}
		return "", constraint(name, "has a value that is not open to a reader")
	}
	return allowed, nil
}

func constraint(name, fault string) *Refusal {
	return &Refusal{codeConstraint, "SETTING_CONSTRAINT_VIOLATION", "the setting " + printable(name) + " " + fault}
}

// formats are the formats that need no schema, no file and no other host.
var formats = setOf(`
	Arrow ArrowStream Avro BSONEachRow CSV CSVWithNames CSVWithNamesAndTypes GeoJSON Hash JSON JSONColumns
	JSONColumnsWithMetadata JSONCompact JSONCompactColumns JSONCompactEachRow JSONCompactEachRowWithNames
	JSONCompactEachRowWithNamesAndTypes JSONCompactEachRowWithProgress JSONCompactStrings JSONCompactStringsEachRow
	JSONCompactStringsEachRowWithNames JSONCompactStringsEachRowWithNamesAndTypes JSONCompactStringsEachRowWithProgress
	JSONEachRow JSONEachRowWithProgress JSONL JSONLines JSONObjectEachRow JSONStrings JSONStringsEachRow
	JSONStringsEachRowWithProgress LineAsString LineAsStringWithNames LineAsStringWithNamesAndTypes MD Markdown MsgPack
	NDJSON Native Npy Null ORC Parquet Pretty PrettyCompact PrettyCompactMonoBlock PrettyCompactNoEscapes
	PrettyCompactNoEscapesMonoBlock PrettyJSONEachRow PrettyJSONLines PrettyMonoBlock PrettyNDJSON PrettyNoEscapes
	PrettyNoEscapesMonoBlock PrettySpace PrettySpaceMonoBlock PrettySpaceNoEscapes PrettySpaceNoEscapesMonoBlock
	Prometheus Raw RawBLOB RawWithNames RawWithNamesAndTypes RowBinary RowBinaryWithNames RowBinaryWithNamesAndTypes
	SQLInsert TSKV TSV TSVRaw TSVRawWithNames TSVRawWithNamesAndTypes TSVWithNames TSVWithNamesAndTypes TabSeparated
	TabSeparatedRaw TabSeparatedRawWithNames TabSeparatedRawWithNamesAndTypes TabSeparatedWithNames
	TabSeparatedWithNamesAndTypes Values Vertical XML`)

func formatAllowed(name string) bool { return formats[strings.ToLower(name)] }

func unknownFormat(name string) *Refusal {
	return &Refusal{codeUnknownFormat, "UNKNOWN_FORMAT", "the format " + printable(name) + " is not open to a reader"}
}

// setOf returns the words of a list in lower case.
func setOf(list string) map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(list) {
		set[strings.ToLower(name)] = true
	}
	return set
}

// printable shortens a name for a message and drops unprintable characters.
func printable(name string) string {
	const longest = 64
	var plain strings.Builder
	for i := 0; i < len(name) && plain.Len() < longest; i++ {
		if isWordByte(name[i]) {
			plain.WriteByte(name[i])
		}
	}
	return plain.String()
}
