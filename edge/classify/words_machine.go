package classify

// machineWords are the words of machines. Names are listed only of machines that do
// not call themselves a bot, a crawler, a checker and so on: such a word suffices, so
// most crawlers need no entry here.
//
// Sources: monperrus/crawler-user-agents, arp242/isbot, the crawlers' own
// pages, and general knowledge of HTTP libraries (2026-11).
var machineWords = [...]group{
	{sets: saysBot, at: ends, words: "bot, bots"},
	{sets: saysBot, at: inside, words: "crawl, spider, robot/, _bot_, -bot-, botnet"},
	{sets: saysBot, at: whole, words: "slurp"},
	{sets: hasPlusURL | hasURL, at: inside, words: "+http:, +https:, +www."},
	{sets: hasURL, at: inside, words: "://"},
	{sets: hasMailAddress, at: inside, words: "at gmail, (at), [at]"},
	{sets: saysTaskLoosely, at: starts, words: "www."},

	// Security scanners: gateways that name themselves, then surveys and tools.
	{sets: saysScanner, at: starts, words: "barracuda, proofpoint, mimecast, fireeye, trellix, ironport, messagelabs, forcepoint, websense, scmguard, " +
		"twinwavescanner, twinwave, kaspersky lab, norton-safeweb, safeweb, google-safety, google safe browsing, safelinks, " +
		"safe links, virustotal, urlscan, urlvoid, phishtank, netcraft, expanse, xpanse, palo alto networks, paloaltonetworks, " +
		"cloudmark, vadesecure, cyren, sophos, symantec, trendmicro, trend micro, fortinet, fortiguard, fortisandbox, fortimail, " +
		"hornetsecurity, ironscales, avanan, cofense, bitdefender, abusix, spamhaus, spamassassin, rspamd, clamav, urldefense, clickprotect, joesandbox, joe sandbox, any.run, hybrid-analysis, cuckoo sandbox, censys, shodan, internet-measurement, " +
		"internetmeasurement, internet measurement, netsystemsresearch, zgrab, masscan, nmap scripting, nuclei, nikto, sqlmap, acunetix, nessus, tenable, " +
		"qualys, openvas, detectify, burp suite, wpscan, rapid7, projectdiscovery, leakix, gobuster, dirbuster, " +
		"feroxbuster, ffuf, fuzz faster, whatweb, wfuzz, arachni, netsparker, invicti, w3af, skipfish, appscan, webinspect, trustwave, " +
		"probely, intruder.io, hackertarget, sucuri, sitelock, cyberscan, leak-lookup, l9explore, l9tcpid, odin.io, alphastrike, onyphe, binaryedge, " +
		"zoomeye, fofa, securitytrails, riskiq, bitsight, securityscorecard, upguard, checkphish, openphish, phishlabs, recordedfuture, " +
		"threat intel, threatintel, darktrace, abnormalsecurity, zscaler, ciscosecure, cisco secure, cisco-secure"},
	{sets: saysScanner, at: inside, words: "malware, phishing, vulnerab, securityscan, security scan, security-scan, safebrowsing, burpcollaborator, antispam, anti-spam, spamfilter"},
	{sets: saysScanner, at: whole, words: "nmap, owasp, zaproxy, tmes, jaeles, hydra, burp, assetnote"},
	{sets: saysAttack, at: inside, words: "<script, javascript:, (){, union all, union select, (select, sleep(, sleep (, waitfor delay, jndi:, " +
		"../, etc/passwd, xor(, or 1=1, print(, eval(, exec(, base64_, order by, make_set(, extractvalue, gethostbyname, " +
		"<!--, <esi:, xmlns:, <?php, ||(, '||, nslookup"},

	// Link previews of chats and social networks. iMessage and Signal borrow the
	// names of Facebook's and WhatsApp's.
	{sets: saysPreview, at: starts, words: "facebookexternalhit, facebookcatalog, facebookscraper, facebot, meta-externalhit, slackbot, slack-imgproxy, twitterbot, linkedinbot, discordbot, " +
		"telegrambot, skypeuripreview, microsoftpreview, bingpreview, iframely, embedly, pinterestbot, redditbot, vkshare, viberbot, " +
		"snap url preview, google-pagerenderer, web/snippet, cardyb, flipboardproxy, bitlybot, quora link preview, opengraph, " +
		"unfurl, onebox, xing-contenttabreceiver, " +
		"kakaotalk-scrap, mastodon/, mastodon (, misskey, pleroma, akkoma, friendica, lemmy/, gotosocial, synapse/, synapse (, oembed, og-scraper, metascraper, " +
		"microlink, peekalink, jsonlink, zulipurlembed, steam http client, valve client, threads-link, google-inspectiontool, yahoo link preview, wechatshareextension, line-poker, steamchaturllookup, " +
		"google-apps-script-preview, hubspot page fetcher, trendsmap, paperlibot, buffer-link, nuzzel, outbrain, thumbnailer"},
	{sets: saysPreview, at: inside, words: "linkpreview, link preview, link-preview, urlpreview, uripreview, url preview, url-preview, webpreview, web preview"},
	{sets: saysPreview, at: leads, words: "whatsapp/, rocket.chat, rocketchat, pinterest/0, viber/, skype-url"},

	// Browsers under a program's control.
	{sets: saysHeadless, at: starts, words: "headless, phantomjs, phantom.js, slimerjs, casperjs, playwright, puppeteer, selenium, webdriver, wkhtmlto, " +
		"lighthouse, nightmarejs, jsdom, htmlunit, zombie.js, cypress/, splash version, rendertron, prerender, browserless, " +
		"testcafe, happydom, chromedp, pyppeteer, domdistiller, weasyprint, princexml, prince/, pdfcrowd, urlbox, screenshotone, apiflash, " +
		"mshots, thumbshots, webshot, browserstack, lambdatest, saucelabs, watir, capybara, qtcarbrowser-test, ptst, browser-use"},

	// HTTP libraries and download tools whose names mean nothing else.
	{sets: saysLibrary, at: starts, words: "python-requests, python-urllib, python-httpx, python-httplib, aiohttp, httplib2, pycurl, scrapy, go-http-client, " +
		"go-resty, fasthttp, curl/, libcurl, wget, aria2, httpie, apache-httpclient, apache-httpasyncclient, " +
		"commons-httpclient, java-http-client, httpcomponents, httpurlconnection, asynchttpclient, async-http-client, reactornetty, " +
		"apache_beam, apache nifi, akka-http, clj-http, axios, node-fetch, undici, superagent, node-superagent, " +
		"lua-resty-http, luasocket, libwww, lwp-, lwp::, www-mechanize, mojolicious, http-tiny, guzzle, symfony httpclient, " +
		"pecl::http, http_request, zend_http, faraday, typhoeus, rest-client, httparty, http.rb, excon/, restsharp, " +
		"windowspowershell, powershell, indy library, ms web services, nscurl, winhttp, libsoup, cpprestsdk, qtnetwork, reqwest, hackney, httpoison, http-conduit, " +
		"postmanruntime, jmeter, webcopier, httrack, teleport pro, offline explorer, getright, go!zilla, flashget, " +
		"internet download manager, sitesucker, gitlab-, appengine-google, jsoup, feedparser, http client, http-client"},
	// Words that are a library only where the user agent begins with them.
	{sets: saysLibrary, at: leads, words: "python, httpx/, urllib, treq, tornado/, twisted, resty/, colly, req/, go/, golang, gohttp, curl, " +
		"axel/, xh/, jakarta, ahc/, jetty, jersey/, netty, vert.x, unirest, rest-assured, feign, spring, nifi, groovy, " +
		"scala, pekko, play-ws, sttp, http4s, http-kit, ktor, micronaut, got/, got (, needle/, request/, bent/, " +
		"node.js, nodejs, node/, deno/, bun/, phin, make-fetch, npm/, yarn/, pnpm/, lua, lwp, httptiny, " +
		"anyevent, furl/, perl, symfony, php, zend, laminas, snoopy, buzz/, reactphp, amphp, wordpress, drupal, " +
		"joomla, magento, typo3, ruby, rest_client, httprb, net::http, net-http, em-http, patron, httpi/, down/, .net, " +
		"dotnet, flurl, servicestack, refit, system.net, microsoft.net, wininet, microsoft-winhttp, msxml, " +
		"microsoft url control, microsoft bits, bits/, cpp-httplib, poco/, cpr/, boost, beast/, neon/, serf/, qnetwork, " +
		"synapse, delphi, tcl/, tcl http, hyper/, hyper-, ureq, surf/, isahc, rust, actix, tesla, finch/, mint/, " +
		"elixir, erlang, gun/, haskell, cohttp, ocaml, crystal, nim, zig, julia, http.jl, httr, rcurl, " +
		"libfetch, racket, postman, insomnia, paw/, bruno, thunder client, soapui, apache-, gatling, k6/, locust, " +
		"vegeta, wrk/, ab/, apachebench, siege, artillery, swagger, free download manager, fdm, lftp, git/, svn/, " +
		"docker/, containerd, helm/, terraform, ansible, jenkins, maven, gradle, pip/, uv/, poetry/, cargo/, composer/, " +
		"bundler/, apt-, debian apt, aws-, boto, azsdk, azure, google-api, gcloud, google-cloud, apps-script, google-apps, " +
		"zapier, ifttt, n8n, make/, integromat, nextcloud, owncloud, kubernetes, istio, envoy, nginx, haproxy, apache/, " +
		"varnish, squid, amazon cloudfront, akamai, cloudflare, phantom, grequests, htmlparser, simplepie, magpierss, " +
		"rome client, universalfeedparser, http/, http_, libhttp, script/, api/, sdk/"},
	// The same as a suffix of an unknown name.
	{sets: saysLibrary, at: ends, words: "httpclient, restclient, webclient"},
	// Languages, and libraries of phone apps: they decide only if they come first,
	// since an app names itself before its library.
	{sets: saysRuntime, at: starts, words: "okhttp, alamofire, dart, flutter, cronet, volley, retrofit, afnetworking, react-native, ktor-client, coil/, glide/, picasso/, sdwebimage, kingfisher, nsurlsession"},
	{sets: saysRuntime, at: versions, words: "java/, jdk/, openjdk/"},

	// Crawlers, monitors and AI fetchers without such a word.
	{sets: saysNamedBot, at: starts, words: "mediapartners, apis-google, googleother, google-extended, google-read-aloud, google-speakr, google favicon, google-site, " +
		"google-adwords, google-shopping, google-hoteladsverifier, google-structured, google-xrawler, google-certificates, " +
		"google-notebooklm, google-agent, googleassociationservice, google-cloudvertex, google-assess, googleproducer, googlehc, " +
		"chatgpt-user, oai-, openai, claude-user, claude-web, anthropic, cohere-, perplexity-user, meta-external, duckassist, " +
		"mistralai, amazon-route53, omgili, img2dataset, novaact, manus-user, tavily, firecrawl, diffbot, " +
		"ia_archiver, ia-archiver, archive.org, heritrix, nutch, larbin, teoma, ask jeeves, inktomi, " +
		"yandex.com/bots, daumoa, yeti/, ezooms, gigablast, exabot, yacy, turnitin, grapeshot, proximic, admantx, " +
		"peer39, comscore, brandwatch, meltwater, trendiction, radian6, barkrowler, dataprovider, builtwith, " +
		"wappalyzer, similartech, ahrefs, semrush, screaming frog, sistrix, oncrawl, deepcrawl, sitebulb, seokicks, xovi, " +
		"siteimprove, xenu, w3c_, w3c-, validator.nu, jigsaw, statuscake, pingdom, site24x7, updown.io, checkly, " +
		"better uptime, betterstack, betteruptime, hetrix, nodeping, freshping, zabbix, nagios, icinga, prometheus/, " +
		"blackbox, elb-health, catchpoint, thousandeyes, ruxit, dynatrace, datadog, new relic, newrelic, appdynamics, " +
		"alertsite, gomez, dotcom-monitor, panopta, pulsetic, cron-job, healthchecks, kube-probe, speedcurve, gtmetrix, " +
		"webpagetest, pagespeed, yslow, sentryuptime, ohdear, cloudwatch, grafana, telegraf, sensu, splunk, uptime, " +
		"echoping, dmbrowser, feedly, feedbin, feedburner, feedwind, feedspot, feeder.co, inoreader, newsblur, theoldreader, " +
		"netnewswire, tiny tiny rss, miniflux, freshrss, liferea, newsboat, bazqux, akregator, rssowl, rssguard, quiterss, " +
		"newsgator, bloglines, subscribers, pocketparser, wallabag, webindex, evc-batch, sniffer, ltx71, genieo, trueclicks"},
	{sets: saysNamedBot, at: whole, words: "yahooseeker, rss, snippet"},
	// Fetchers of language models on a user's behalf.
	{sets: saysNamedBot, at: inside, words: "-user/"},

	// A machine's name where browsers have none.
	{sets: saysEngineGuest, at: inEngine, words: "gecko;"},
	{at: inEngine, notes: engineGuest, words: "gecko,"},
	{sets: saysTextBrowser, at: leads, words: "lynx/, elinks, links (, links/, w3m/, retawq/, edbrowse/, ncsa_mosaic, ncsa mosaic, vms_mosaic"},

	// The tasks of machines, believable even at the end of a browser's user agent.
	{sets: saysTask, at: ends, words: "monitor, monitoring, checker, checkup, linkcheck, validator, fetcher, scraper, scrapers, grabber, archiver, indexer, synthetic, synthetics, " +
		"preview, previews, previewer, screenshot, screenshots, thumbnail, thumbnails, auditor, audit, prober, pinger, verifier, analyzer, analyser, harvester, extractor, inspector, watcher, observatory, verify, verification, measurement, insights, linktester, favicon, favicons, downloader, aggregator, tester"},
	{sets: saysTask, at: starts, words: "scrape, healthcheck, health-check, health check, site check, sitecheck, linkcheck, linktest, load test, loadtest, automation, site audit, daemon, scanner"},
	// These count only without a browser: ScanPal and CamScanner are for people.
	{sets: saysTaskLoosely, at: inside, words: "check, feed, scan, fetch, probe, monitor, index, search, agent, test, parser, survey, archive, extract, collect, analy, script, service, worker, lookup, sitemap, links, reader, domain, research, server"},
}
