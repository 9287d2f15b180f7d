"""Countries and the parts of the world they lie in, whatever a source writes: "US", "USA", "United Kingdom, France".

Parts of the world are the United Nations' subregions (M49), some of them joined, as few titles come from each.
"""

from __future__ import annotations

import re

_TEXT = {
    "Northern America": "US United States|CA Canada|BM Bermuda|GL Greenland|PR Puerto Rico",
    "Latin America and Caribbean": (
        "AR Argentina|BO Bolivia|BR Brazil|CL Chile|CO Colombia|CR Costa Rica|CU Cuba|DO Dominican Republic|EC Ecuador|SV El Salvador|GT Guatemala|GY Guyana"
        "|HT Haiti|HN Honduras|JM Jamaica|MX Mexico|NI Nicaragua|PA Panama|PY Paraguay|PE Peru|SR Suriname|TT Trinidad and Tobago|UY Uruguay|VE Venezuela"
        "|BB Barbados|BS Bahamas|BZ Belize|KY Cayman Islands"
    ),
    "Europe": (
        "AL Albania|AD Andorra|AT Austria|BY Belarus|BE Belgium|BA Bosnia and Herzegovina|BG Bulgaria|HR Croatia|CZ Czechia|DK Denmark|EE Estonia|FI Finland"
        "|FR France|DE Germany|GI Gibraltar|GR Greece|HU Hungary|IS Iceland|IE Ireland|IT Italy|XK Kosovo|LV Latvia|LI Liechtenstein|LT Lithuania|LU Luxembourg"
        "|MT Malta|MD Moldova|MC Monaco|ME Montenegro|NL Netherlands|MK North Macedonia|NO Norway|PL Poland|PT Portugal|RO Romania|RU Russia|SM San Marino"
        "|RS Serbia|SK Slovakia|SI Slovenia|ES Spain|SE Sweden|CH Switzerland|UA Ukraine|GB United Kingdom|VA Vatican City|SU Soviet Union|YU Yugoslavia"
        "|CS Czechoslovakia"
    ),
    "Northern Africa and Western Asia": (
        "DZ Algeria|AM Armenia|AZ Azerbaijan|BH Bahrain|CY Cyprus|EG Egypt|GE Georgia|IQ Iraq|IL Israel|JO Jordan|KW Kuwait|LB Lebanon|LY Libya|MA Morocco"
        "|OM Oman|PS Palestine|QA Qatar|SA Saudi Arabia|SD Sudan|SY Syria|TN Tunisia|TR Turkey|AE United Arab Emirates|YE Yemen"
    ),
    "Sub-Saharan Africa": (
        "AO Angola|BJ Benin|BW Botswana|BF Burkina Faso|BI Burundi|CM Cameroon|CV Cape Verde|TD Chad|CD Democratic Republic of the Congo|CG Congo|ET Ethiopia"
        "|GA Gabon|GM Gambia|GH Ghana|GN Guinea|CI Ivory Coast|KE Kenya|LR Liberia|MG Madagascar|MW Malawi|ML Mali|MR Mauritania|MU Mauritius|MZ Mozambique"
        "|NA Namibia|NE Niger|NG Nigeria|RW Rwanda|SN Senegal|SL Sierra Leone|SO Somalia|ZA South Africa|SS South Sudan|TZ Tanzania|TG Togo|UG Uganda|ZM Zambia"
        "|ZW Zimbabwe"
    ),
    "Southern and Central Asia": (
        "AF Afghanistan|BD Bangladesh|BT Bhutan|IN India|IR Iran|KZ Kazakhstan|KG Kyrgyzstan|MV Maldives|NP Nepal|PK Pakistan|LK Sri Lanka|TJ Tajikistan"
        "|TM Turkmenistan|UZ Uzbekistan"
    ),
    "Eastern Asia": "CN China|HK Hong Kong|JP Japan|MO Macao|MN Mongolia|KP North Korea|KR South Korea|TW Taiwan",
    "South-eastern Asia": "BN Brunei|KH Cambodia|ID Indonesia|LA Laos|MY Malaysia|MM Myanmar|PH Philippines|SG Singapore|TH Thailand|TL Timor-Leste|VN Vietnam",
    "Oceania": "AU Australia|FJ Fiji|NC New Caledonia|NZ New Zealand|PF French Polynesia|PG Papua New Guinea|WS Samoa|VU Vanuatu",
}
COUNTRIES = {code: name for text in _TEXT.values() for code, name in (entry.split(" ", 1) for entry in text.split("|"))}
_REGIONS = {entry.split(" ", 1)[1]: region for region, text in _TEXT.items() for entry in text.split("|")}
_NAMES = {name.casefold(): name for name in COUNTRIES.values()}
_OTHERS = {
    "usa": "United States",
    "u.s.": "United States",
    "u.s.a.": "United States",
    "united states of america": "United States",
    "uk": "United Kingdom",
    "u.k.": "United Kingdom",
    "great britain": "United Kingdom",
    "england": "United Kingdom",
    "scotland": "United Kingdom",
    "wales": "United Kingdom",
    "northern ireland": "United Kingdom",
    "west germany": "Germany",
    "east germany": "Germany",
    "czech republic": "Czechia",
    "russian federation": "Russia",
    "türkiye": "Turkey",
    "turkiye": "Turkey",
    "korea": "South Korea",
    "republic of korea": "South Korea",
    "viet nam": "Vietnam",
    "burma": "Myanmar",
    "macedonia": "North Macedonia",
    "côte d'ivoire": "Ivory Coast",
    "cote d'ivoire": "Ivory Coast",
}
_SEPARATOR = re.compile(r"[,;/|]")


def list_countries(value: str) -> list[str]:
    """Return the English names of the countries a cell lists, each once; a name nobody knows stays as it is."""
    names = (" ".join(part.split()) for part in _SEPARATOR.split(value))
    return list(dict.fromkeys(_find_country(name) for name in names if name))


def find_region(country: str) -> str | None:
    """Return the part of the world a country (by the name `list_countries` gives) lies in; None if it isn't known."""
    return _REGIONS.get(country)


def _find_country(name: str) -> str:
    folded = name.casefold()
    return _NAMES.get(folded) or _OTHERS.get(folded) or COUNTRIES.get(name.upper(), name)
