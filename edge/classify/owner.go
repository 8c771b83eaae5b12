package classify

// owners is a set of companies, or of kinds of companies, that run a network.
type owners uint32

const (
	ownerGoogle owners = 1 << iota
	ownerMicrosoft
	ownerApple
	ownerYahoo
	ownerSeznam
	ownerRambler
	ownerVK // Mail.ru's, with its image proxy
	ownerYandex
	ownerProton
	ownerFastmail
	ownerBasecamp // HEY's
	ownerUkrNet
	ownerSocial  // a chat or a social network, which looks at links
	ownerGateway // a mail gateway or a maker of security software
	ownerRelay   // runs exits of Apple's relay, beside WARP, image resizing and other fetchers
	ownerAmazon
	ownerGoogleCloud
	ownerHosting

	// ownerClouds rent computers to the public.
	ownerClouds = ownerAmazon | ownerGoogleCloud | ownerHosting
	// ownerShared run machines that load images in the networks from which their
	// staff and users browse.
	ownerShared = ownerGoogle | ownerMicrosoft | ownerApple | ownerYahoo | ownerSeznam | ownerRambler | ownerVK | ownerYandex |
		ownerProton | ownerFastmail | ownerBasecamp | ownerUkrNet | ownerSocial | ownerGateway | ownerRelay
)

type ownAS struct {
	number uint32
	owner  owners
}

// The names of the AS numbers come from npm's @ip-location-db/asn 2.3
// (2026-06; RouteViews and DB-IP, CC BY 4.0). Google and Microsoft are in asTraits
// too, since rules name them. The list is sorted by number.
var ownASes = [...]ownAS{
	{714, ownerApple},
	{3598, ownerMicrosoft},
	{6185, ownerApple},
	{7233, ownerYahoo},
	{7583, ownerGateway}, // MessageLabs
	{7754, ownerGateway}, // McAfee
	{8068, ownerMicrosoft},
	{8069, ownerMicrosoft},
	{8070, ownerMicrosoft},
	{8075, ownerMicrosoft},
	{8100, ownerHosting}, // QuadraNet
	{8560, ownerHosting}, // IONOS
	{8856, ownerUkrNet},
	{8987, ownerAmazon},
	{9009, ownerHosting}, // M247
	{10229, ownerYahoo},
	{10310, ownerYahoo},
	{11403, ownerFastmail}, // New York Internet, where Fastmail's older addresses are
	{12076, ownerMicrosoft},
	{12441, ownerGateway}, // Cyren
	{12876, ownerHosting}, // Scaleway
	{13238, ownerYandex},
	{13335, ownerRelay},   // Cloudflare
	{13380, ownerGateway}, // Zix
	{13414, ownerSocial},  // Twitter
	{13916, ownerGateway}, // Proofpoint
	{14061, ownerHosting}, // DigitalOcean
	{14413, ownerSocial},  // LinkedIn
	{14618, ownerAmazon},
	{15169, ownerGoogle},
	{15324, ownerGateway}, // Barracuda
	{16276, ownerHosting}, // OVH
	{16417, ownerGateway}, // Cisco IronPort
	{16509, ownerAmazon},
	{16880, ownerGateway}, // Trend Micro
	{17330, ownerGateway}, // Trellix
	{17370, ownerGateway}, // McAfee
	{19318, ownerHosting}, // Interserver
	{19527, ownerGoogle},
	{19994, ownerHosting}, // Rackspace
	{20454, ownerHosting}, // Secured Servers
	{20473, ownerHosting}, // Vultr
	{20940, ownerRelay},   // Akamai
	{21859, ownerHosting}, // Zenlayer
	{22612, ownerHosting}, // Namecheap
	{22843, ownerGateway}, // Proofpoint
	{23470, ownerHosting}, // ReliableSite
	{24506, ownerYahoo},
	{24638, ownerRambler},
	{24940, ownerHosting}, // Hetzner
	{25046, ownerGateway}, // Check Point
	{25657, ownerBasecamp},
	{26101, ownerYahoo},
	{26211, ownerGateway}, // Proofpoint
	{26496, ownerHosting}, // GoDaddy
	{27357, ownerHosting}, // Rackspace
	{28709, ownerVK},
	{28753, ownerHosting}, // Leaseweb
	{29802, ownerHosting}, // Hivelocity
	{30031, ownerGateway}, // Mimecast
	{30215, ownerGateway}, // Cisco IronPort
	{30238, ownerGateway}, // Cisco IronPort
	{30633, ownerHosting}, // Leaseweb
	{31898, ownerHosting}, // Oracle
	{31997, ownerGateway}, // Check Point
	{32244, ownerHosting}, // Liquid Web
	{32475, ownerHosting}, // SingleHop
	{32934, ownerSocial},  // Facebook
	{33070, ownerHosting}, // Rackspace
	{33151, ownerGateway}, // Trustwave
	{33538, ownerGateway}, // Mimecast
	{34010, ownerYahoo},
	{34523, ownerGateway}, // Webroot
	{34788, ownerHosting}, // all-inkl.com
	{36183, ownerRelay},   // Akamai
	{36351, ownerHosting}, // IBM
	{36352, ownerHosting}, // ColoCrossing
	{36646, ownerYahoo},
	{36647, ownerYahoo},
	{37235, ownerGateway}, // Mimecast
	{37963, ownerHosting}, // Alibaba
	{39588, ownerGateway}, // Mimecast
	{40427, ownerGateway}, // Cisco IronPort
	{40509, ownerHosting}, // Fly.io
	{40676, ownerHosting}, // Psychz
	{40934, ownerGateway}, // Fortinet
	{41983, ownerGateway}, // Kaspersky
	{42427, ownerGateway}, // Mimecast
	{42481, ownerRambler},
	{43037, ownerSeznam},
	{43839, ownerGateway}, // Bitdefender
	{44418, ownerGateway}, // Bitdefender
	{44534, ownerYandex},
	{44696, ownerRambler},
	{44907, ownerSocial},  // Telegram
	{45090, ownerHosting}, // Tencent
	{45102, ownerHosting}, // Alibaba
	{46484, ownerGateway}, // Trellix
	{46606, ownerHosting}, // Unified Layer
	{47541, ownerVK},
	{47583, ownerHosting}, // Hostinger
	{47764, ownerVK},
	{48328, ownerGateway}, // Retarus
	{49505, ownerHosting}, // Selectel
	{50881, ownerGateway}, // ESET
	{51167, ownerHosting}, // Contabo
	{52129, ownerGateway}, // Proofpoint
	{53667, ownerHosting}, // FranTech
	{53780, ownerGateway}, // AppRiver
	{53928, ownerGateway}, // Fortinet
	{54113, ownerRelay},   // Fastly
	{55286, ownerHosting}, // B2 Net
	{55990, ownerHosting}, // Huawei
	{56173, ownerYahoo},
	{58976, ownerGateway}, // Sophos
	{59930, ownerSocial},  // Telegram
	{60068, ownerHosting}, // Datacamp
	{60492, ownerGateway}, // Mimecast
	{60781, ownerHosting}, // Leaseweb
	{62041, ownerSocial},  // Telegram
	{62240, ownerHosting}, // Clouvider
	{62371, ownerProton},
	{63023, ownerHosting},  // GTHost
	{63949, ownerHosting},  // Linode
	{132203, ownerHosting}, // Tencent
	{132229, ownerGateway}, // Trend Micro
	{136792, ownerGateway}, // Mimecast
	{136907, ownerHosting}, // Huawei
	{151847, ownerFastmail},
	{197540, ownerHosting}, // netcup
	{199218, ownerProton},
	{200107, ownerGateway}, // Kaspersky
	{200350, ownerHosting}, // Yandex's cloud
	{202053, ownerHosting}, // UpCloud
	{203220, ownerYahoo},
	{208172, ownerProton},
	{208638, ownerGateway}, // Mimecast
	{209030, ownerGateway}, // Kaspersky
	{209103, ownerProton},
	{212238, ownerHosting}, // Datacamp
	{212329, ownerGateway}, // Netcraft
	{213230, ownerHosting}, // Hetzner
	{395954, ownerHosting}, // Leaseweb
	{396982, ownerGoogleCloud},
	{397726, ownerGateway}, // Mimecast
	{399342, ownerGateway}, // Sophos
	{401943, ownerGateway}, // Hornetsecurity
}

// ownBits has a bit for the lowest bits of each number in ownASes, so that most other
// numbers need no search.
var ownBits = bitsOfASes()

func bitsOfASes() (list [32]uint64) {
	for i := range ownASes {
		number := ownASes[i].number
		list[number/64%uint32(len(list))] |= 1 << (number % 64)
	}
	return list
}

// ownerOf returns the owner of an AS; 0 if it is not in the list. Web security
// services (Zscaler, Netskope, Menlo, Umbrella) are not in the list, since staff
// browse through them.
func ownerOf(number uint32) owners {
	if ownBits[number/64%uint32(len(ownBits))]>>(number%64)&1 == 0 {
		return 0
	}
	low, high := 0, len(ownASes)
	for low < high {
		middle := (low + high) / 2
		if ownASes[middle].number < number {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low < len(ownASes) && ownASes[low].number == number {
		return ownASes[low].owner
	}
	return 0
}
