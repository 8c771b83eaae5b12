package cdnlog

import "strings"

// CountryOf returns the ISO 3166-1 code of the country of a data center, or ""
// if unknown. CDNs name data centers by the IATA code of a nearby airport:
// CloudFront writes FRA56-P4, Cloudflare FRA, Fastly cache-fra-eddf8230045-FRA.
func CountryOf(pop string) string {
	if i := strings.LastIndexByte(pop, '-'); i >= 0 && strings.HasPrefix(pop, "cache-") {
		pop = pop[i+1:]
	}
	if len(pop) < 3 {
		return ""
	}
	return airports[strings.ToUpper(pop[:3])]
}

// airports lists the airports near the data centers of CloudFront, Cloudflare
// and Fastly, by IATA code (Cloudflare: cloudflarestatus.com; Fastly:
// api.fastly.com/datacenters).
var airports = byAirport(map[string]string{
	"US": "ABQ ANC ATL AUS BGR BNA BOS BUF BWI CHI CLE CLT CMH CVG DAL DCA DEN DFW DTW EWR FTY FWA GNV HIO HNL HOU IAD IAH IND JAX JFK LAS LAX LGA LIT LOU MCI MCO MEM MFE MIA MSP MSY OAK OKC OMA ONT ORD ORF PAO PDK PDX PHL PHX PIT PWK RDU RIC SAC SAN SAT SEA SFO SJC SLC SMF STL STP TLH TPA WDC BFI FSD SBN CRP MKE",
	"CA": "YUL YYZ YTO YVR YYC YWG YOW YHZ YXE YEG",
	"MX": "QRO MEX GDL MTY",
	"GB": "LHR LON LCY MAN EDI BHX GLA LTN CWL BFS",
	"IE": "DUB ORK",
	"DE": "FRA TXL BER DUS HAM MUC STR HHN CGN LEJ",
	"FR": "CDG PAR MRS LYS BOD",
	"NL": "AMS EIN", "BE": "BRU", "LU": "LUX", "CH": "ZRH GVA", "AT": "VIE", "IT": "MXP MIL FCO PMO LIN TRN",
	"ES": "MAD BCN VLC", "PT": "LIS OPO", "DK": "CPH", "SE": "ARN BMA GOT STO MMX", "NO": "OSL", "FI": "HEL", "IS": "KEF",
	"PL": "WAW WRO", "CZ": "PRG", "SK": "BTS", "HU": "BUD", "RO": "OTP BUH", "BG": "SOF", "GR": "ATH SKG", "HR": "ZAG", "RS": "BEG", "SI": "LJU",
	"UA": "KBP IEV ODS", "RU": "DME MOW LED SVX KJA KLD", "EE": "TLL", "LV": "RIX", "LT": "VNO", "MD": "KIV", "CY": "LCA", "MT": "MLA",
	"TR": "IST ADB", "IL": "TLV HFA", "AE": "DXB FJR AUH", "BH": "BAH", "QA": "DOH", "KW": "KWI", "OM": "MCT", "SA": "JED RUH DMM", "JO": "AMM",
	"LB": "BEY", "IQ": "BGW NJF EBL", "EG": "CAI", "MA": "CMN RBA", "TN": "TUN", "DZ": "ALG", "KE": "NBO MBA", "NG": "LOS ABV", "GH": "ACC",
	"ZA": "JNB CPT DUR", "MU": "MRU", "AO": "LAD", "SN": "DKR", "TZ": "DAR", "UG": "EBB", "RW": "KGL", "ET": "ADD", "MZ": "MPM", "RE": "RUN", "DJ": "JIB",
	"IN": "BLR BOM MAA DEL HYD CCU PNQ AMD COK NAG PAT IXC CNN KNU", "PK": "KHI LHE ISB", "BD": "DAC CGP", "LK": "CMB", "NP": "KTM", "MV": "MLE",
	"SG": "SIN QPG", "MY": "KUL JHB", "TH": "BKK CNX", "VN": "HAN SGN DAD", "ID": "CGK JOG DPS", "PH": "MNL CEB CRK", "KH": "PNH", "LA": "VTE", "MM": "RGN",
	"HK": "HKG", "MO": "MFM", "TW": "TPE KHH", "JP": "NRT TYO KIX ITM OSA HND FUK OKA NGO CTS", "KR": "ICN SEL PUS",
	"CN": "PEK BJS PVG SHA ZHY CAN SZX CTU CKG HGH NNG XIY WUH TSN SHE",
	"MN": "ULN", "KZ": "ALA NQZ", "UZ": "TAS", "GE": "TBS", "AM": "EVN", "AZ": "LLK GYD",
	"AU": "SYD MEL PER BNE ADL CBR HBA", "NZ": "AKL CHC WLG", "FJ": "SUV NAN", "NC": "NOU", "GU": "GUM", "PF": "PPT",
	"BR": "GRU SAO GIG RIO FOR CWB POA BSB CNF SSA REC VCP BEL FLN MAO", "AR": "EZE BUE COR NQN", "CL": "SCL ARI CCP", "CO": "BOG MDE BAQ CLO", "PE": "LIM",
	"EC": "UIO GYE", "UY": "MVD", "PY": "ASU", "BO": "LPB VVI", "VE": "CCS", "PA": "PTY", "CR": "SJO", "GT": "GUA", "SV": "SAL", "HN": "TGU",
	"DO": "SDQ", "JM": "KIN", "TT": "POS", "PR": "SJU", "CW": "CUR", "HT": "PAP", "BB": "BGI", "GY": "GEO", "SR": "PBM",
})

func byAirport(countries map[string]string) map[string]string {
	all := map[string]string{}
	for country, codes := range countries {
		for _, code := range strings.Fields(codes) {
			all[code] = country
		}
	}
	return all
}
