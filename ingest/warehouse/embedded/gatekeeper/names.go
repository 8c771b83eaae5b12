package gatekeeper

import (
	"regexp"
	"strings"
)

// refusedFunctions access files, other hosts, models, dictionaries, the log,
// the request's headers or facts of the machine, write in a format chosen by
// the caller, or only take time. The engine lets every user call them.
var refusedFunctions = setOf(`
	file catboostEvaluate modelEvaluate evalMLMethod chdb
	aiClassify aiEmbed aiExtract aiGenerate aiTranslate
	naiveBayesClassifier naiveBayesClassifierWithAllProbs naiveBayesClassifierWithProb
	detectLanguage detectCharset lemmatize stem synonyms
	formatRow formatRowNoNewline groupFormat
	structureToCapnProtoSchema structureToProtobufSchema
	joinGet joinGetOrNull
	dictGet dictGetAll dictGetChildren dictGetDate dictGetDateOrDefault dictGetDateTime dictGetDateTimeOrDefault
	dictGetDescendants dictGetFloat32 dictGetFloat32OrDefault dictGetFloat64 dictGetFloat64OrDefault dictGetHierarchy
	dictGetInt16 dictGetInt16OrDefault dictGetInt32 dictGetInt32OrDefault dictGetInt64 dictGetInt64OrDefault dictGetInt8
	dictGetInt8OrDefault dictGetIPv4 dictGetIPv4OrDefault dictGetIPv6 dictGetIPv6OrDefault dictGetKeys dictGetOrDefault
	dictGetOrNull dictGetRoot dictGetString dictGetStringOrDefault dictGetUInt16 dictGetUInt16OrDefault dictGetUInt32
	dictGetUInt32OrDefault dictGetUInt64 dictGetUInt64OrDefault dictGetUInt8 dictGetUInt8OrDefault dictGetUUID
	dictGetUUIDOrDefault dictHas dictIsIn
	regionHierarchy regionIn regionToArea regionToCity regionToContinent regionToCountry regionToDistrict regionToName
	regionToPopulation regionToTopContinent
	addressToLine addressToLineWithInlines addressToSymbol demangle flameGraph hasThreadFuzzer
	getClientHTTPHeader getMacro getServerPort getServerSetting getMergeTreeSetting getOSKernelVersion getMaxTableNameLengthForDatabase
	globalVariable showCertificate zookeeperSessionUptime transactionID transactionLatestSnapshot
	transactionOldestSnapshot generateSerialID
	FQDN fullHostName hostName hostname serverUUID tcpPort tid
	filesystemAvailable filesystemCapacity filesystemUnreserved
	logTrace sleep sleepEachRow aggThrow hasColumnInTable
	__actionName __applyFilter __getScalar __patchPartitionID __scalarSubqueryResult
	isMergeTreePartCoveredBy mergeTreePartInfo
	queryCacheKey fuzzQuery
	editDistance editDistanceUTF8 levenshteinDistance levenshteinDistanceUTF8 damerauLevenshteinDistance
	arrayLevenshteinDistance arrayLevenshteinDistanceWeighted arraySimilarity`)

// allowedTableFunctions create rows from their arguments alone. Otherwise only
// the reader's views may be used as tables.
var allowedTableFunctions = setOf(`
	numbers numbers_mt zeros zeros_mt generateSeries generate_series primes values SQLStandardValues null view`)

// refusedTableFunctions are all other table functions of the engine. They are
// listed because the syntax tree does not show each place where one can be
// used: they are refused everywhere as words before a bracket. format is not
// listed, since it is also a function of strings.
var refusedTableFunctions = setOf(`
	ytsaurus hudi hudiCluster deltaLake deltaLakeLocal deltaLakeS3 deltaLakeAzure deltaLakeCluster deltaLakeS3Cluster
	deltaLakeAzureCluster paimon paimonHDFS paimonAzure paimonS3 paimonLocal paimonCluster paimonHDFSCluster
	paimonAzureCluster paimonS3Cluster iceberg icebergS3 icebergAzure icebergHDFS icebergLocal icebergCluster
	icebergS3Cluster icebergAzureCluster icebergHDFSCluster icebergLocalCluster azureBlobStorage azureBlobStorageCluster
	s3 s3Cluster gcs oss cosn hdfs hdfsCluster url urlCluster file fileCluster filesystem executable
	mysql postgresql sqlite mongodb redis odbc jdbc remote remoteSecure cluster clusterAllReplicas
	prometheusQuery prometheusQueryRange timeSeriesSelector timeSeriesMetrics timeSeriesTags timeSeriesSamples
	timeSeriesData mergeTreeIndex mergeTreeProjection mergeTreeTextIndex mergeTreeAnalyzeIndexes
	mergeTreeAnalyzeIndexesUUID loop viewIfPermitted viewExplain generateRandom dictionary fuzzQuery fuzzJSON eval
	merge input`)

// combinators are endings of names of aggregate functions
// (https://clickhouse.com/docs/sql-reference/aggregate-functions/combinators).
var combinators = []string{
	"simplestate", "distinct", "resample", "ordefault", "foreach", "ornull", "argmin", "argmax",
	"array", "merge", "state", "null", "map", "if",
}

// functionRefused reports whether a function is in refusedFunctions, also with
// combinators.
func functionRefused(name string) bool {
	name = strings.ToLower(name)
	for name != "" {
		if refusedFunctions[name] {
			return true
		}
		shorter := name
		for _, ending := range combinators {
			if cut, ok := strings.CutSuffix(name, ending); ok {
				shorter = cut
				break
			}
		}
		if shorter == name {
			return false
		}
		name = shorter
	}
	return false
}

// databases are the databases that a reader's statement may name.
var databases = setOf("glint system information_schema")

// functionForm matches the name of every function of the engine.
var functionForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// checkNames refuses each word that is a listed function or table function. The
// syntax tree shows them too, but not in every place of a statement.
func checkNames(tokens []token) *Refusal {
	for i, here := range tokens {
		if !here.isName() {
			continue
		}
		called := i+1 < len(tokens) && tokens[i+1].isSymbol('(')
		isPart := i > 0 && (tokens[i-1].isSymbol('.') || tokens[i-1].is("AS"))
		switch {
		case functionRefused(here.value) && (called || !isPart):
			return functionDenied(here.value)
		case called && refusedTableFunctions[strings.ToLower(here.value)]:
			return functionDenied(here.value)
		}
	}
	return nil
}

func functionDenied(name string) *Refusal {
	return denied("the function " + printable(name) + " is not open to a reader")
}
