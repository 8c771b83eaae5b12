package classify

// label is a program in breakdowns. If a user agent has several, the smallest wins:
// proxies, then mail programs, then browsers from the most specific to the most
// imitated.
type label uint8

const (
	labelNone label = iota
	labelGmail
	labelYahoo
	labelHEY
	labelFastmail
	labelSuperhuman
	labelFront
	labelSeznam
	labelRambler
	labelShortwave
	labelMailProxy
	labelImageProxy
	labelThunderbird
	labelPostbox
	labelWindowsMail
	labelOutlook
	labelAppleMail
	labelAppleMailOrOutlook
	labelNotes
	labelSamsung
	labelGmailApp
	labelYahooApp
	labelSpark
	labelProton
	labelTuta
	labelZoho
	labelEMClient
	labelMailspring
	labelMailbird
	labelAirmail
	labelFoxmail
	labelBat
	labelKMail
	labelEvolution
	labelK9
	labelFairEmail
	labelBlueMail
	labelAquaMail
	labelEdison
	labelMailRu
	labelYandex
	labelGMX
	labelWebDE
	labelTelekom
	labelOrange
	labelLibero
	labelNaver
	labelQQ
	labelNetEase
	labelHuawei
	labelAOL
	labelZimbra
	labelOtherMail
	labelICloud       // webmail only, from here on: by referer
	labelOtherWebmail // first of the labels that are no mail program
	labelEdge
	labelSamsungBrowser
	labelOpera
	labelFirefox
	labelChrome
	labelSafari
	labelAndroidBrowser // says Safari
	labelExplorer
)

// program is the description of a label in breakdowns.
type program struct {
	name, vendor string
	os           system // its only system; osNone if there are several
	hidden       string // replaces system and device that a proxy hides
}

func (p *program) behind() Facts { return Facts{p.name, p.vendor, p.hidden, p.hidden} }

// labels describes each label.
var labels = [...]program{
	labelNone:               {name: unknown, vendor: unknown},
	labelGmail:              {name: "Gmail", vendor: "Google", hidden: "unknown behind Gmail"},
	labelYahoo:              {name: "Yahoo Mail", vendor: "Yahoo", hidden: "unknown behind Yahoo Mail"},
	labelHEY:                {name: "HEY", vendor: "37signals", hidden: "unknown behind HEY"},
	labelFastmail:           {name: "Fastmail", vendor: "Fastmail", hidden: "unknown behind Fastmail"},
	labelSuperhuman:         {name: "Superhuman", vendor: "Superhuman", hidden: "unknown behind Superhuman"},
	labelFront:              {name: "Front", vendor: "Front", hidden: "unknown behind Front"},
	labelSeznam:             {name: "Seznam Email", vendor: "Seznam.cz", hidden: "unknown behind Seznam Email"},
	labelRambler:            {name: "Rambler Mail", vendor: "Rambler", hidden: "unknown behind Rambler Mail"},
	labelShortwave:          {name: "Shortwave", vendor: "Shortwave", hidden: "unknown behind Shortwave"},
	labelMailProxy:          {name: unknown, vendor: unknown, hidden: "unknown behind a mail proxy"},
	labelImageProxy:         {name: unknown, vendor: unknown, hidden: "unknown behind an image proxy"},
	labelThunderbird:        {name: "Thunderbird", vendor: "Mozilla"},
	labelPostbox:            {name: "Postbox", vendor: "Postbox"},
	labelWindowsMail:        {name: "Windows Mail", vendor: "Microsoft", os: osWindows},
	labelOutlook:            {name: "Outlook", vendor: "Microsoft", hidden: "unknown behind Outlook"},
	labelAppleMail:          {name: "Apple Mail", vendor: "Apple", hidden: "unknown behind Apple Mail"},
	labelAppleMailOrOutlook: {name: "Apple Mail or Outlook", vendor: unknown},
	labelNotes:              {name: "Lotus Notes", vendor: "HCL"},
	labelSamsung:            {name: "Samsung Email", vendor: "Samsung", os: osAndroid},
	labelGmailApp:           {name: "Gmail", vendor: "Google"},
	labelYahooApp:           {name: "Yahoo Mail", vendor: "Yahoo"},
	labelSpark:              {name: "Spark", vendor: "Readdle"},
	labelProton:             {name: "Proton Mail", vendor: "Proton", hidden: "unknown behind Proton Mail"},
	labelTuta:               {name: "Tuta", vendor: "Tuta"},
	labelZoho:               {name: "Zoho Mail", vendor: "Zoho"},
	labelEMClient:           {name: "eM Client", vendor: "eM Client"},
	labelMailspring:         {name: "Mailspring", vendor: "Foundry 376"},
	labelMailbird:           {name: "Mailbird", vendor: "Mailbird"},
	labelAirmail:            {name: "Airmail", vendor: "Bloop"},
	labelFoxmail:            {name: "Foxmail", vendor: "Tencent"},
	labelBat:                {name: "The Bat!", vendor: "Ritlabs", os: osWindows},
	labelKMail:              {name: "KMail", vendor: "KDE"},
	labelEvolution:          {name: "Evolution", vendor: "GNOME"},
	labelK9:                 {name: "K-9 Mail", vendor: "Mozilla", os: osAndroid},
	labelFairEmail:          {name: "FairEmail", vendor: "Faircode", os: osAndroid},
	labelBlueMail:           {name: "BlueMail", vendor: "Blix"},
	labelAquaMail:           {name: "Aqua Mail", vendor: "MobiSystems", os: osAndroid},
	labelEdison:             {name: "Edison Mail", vendor: "Edison"},
	labelMailRu:             {name: "Mail.ru", vendor: "VK"},
	labelYandex:             {name: "Yandex Mail", vendor: "Yandex"},
	labelGMX:                {name: "GMX", vendor: "United Internet"},
	labelWebDE:              {name: "WEB.DE", vendor: "United Internet"},
	labelTelekom:            {name: "Telekom Mail", vendor: "Deutsche Telekom"},
	labelOrange:             {name: "Orange Mail", vendor: "Orange"},
	labelLibero:             {name: "Libero Mail", vendor: "Italiaonline"},
	labelNaver:              {name: "Naver Mail", vendor: "Naver"},
	labelQQ:                 {name: "QQ Mail", vendor: "Tencent"},
	labelNetEase:            {name: "NetEase Mail", vendor: "NetEase"},
	labelHuawei:             {name: "Huawei Email", vendor: "Huawei"},
	labelAOL:                {name: "AOL Mail", vendor: "Yahoo"},
	labelZimbra:             {name: "Zimbra", vendor: "Synacor"},
	labelOtherMail:          {name: "Other mail client", vendor: unknown},
	labelICloud:             {name: "iCloud Mail", vendor: "Apple"},
	labelOtherWebmail:       {name: "Other webmail", vendor: unknown},
	labelEdge:               {name: "Edge", vendor: "Microsoft"},
	labelSamsungBrowser:     {name: "Samsung Internet", vendor: "Samsung"},
	labelOpera:              {name: "Opera", vendor: "Opera"},
	labelFirefox:            {name: "Firefox", vendor: "Mozilla"},
	labelChrome:             {name: "Chrome", vendor: "Google"},
	labelSafari:             {name: "Safari", vendor: "Apple"},
	labelAndroidBrowser:     {name: "Android Browser", vendor: "Google"},
	labelExplorer:           {name: "Internet Explorer", vendor: "Microsoft"},
}
