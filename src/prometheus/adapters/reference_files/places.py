"""What vendors call exchanges and countries, and the codes of ISO for them."""

from __future__ import annotations

import re

EXCHANGES = {
    # Names of vendors, and the letters of the consolidated tape, to ISO 10383 codes.
    "NYSE": "XNYS", "N": "XNYS", "NEW YORK STOCK EXCHANGE INC.": "XNYS", "NEW YORK STOCK EXCHANGE": "XNYS",
    "NASDAQ": "XNAS", "Q": "XNAS", "NASDAQ STOCK MARKET": "XNAS", "NASDAQGS": "XNAS", "NASDAQGM": "XNAS",
    "NASDAQCM": "XNAS", "NYSE ARCA": "ARCX", "P": "ARCX", "ARCA": "ARCX", "NYSE MKT": "XASE",
    "NYSE MKT LLC": "XASE", "NYSE AMERICAN": "XASE", "AMEX": "XASE", "A": "XASE", "BATS": "BATS", "Z": "BATS",
    "CBOE BZX": "BATS", "CBOE BZX FORMERLY KNOWN AS BATS": "BATS", "V": "IEXG", "IEX": "IEXG", "OTC": "OTCM",
}  # fmt: skip

STATES = {
    "Alabama", "Alaska", "Arizona", "Arkansas", "California", "Colorado", "Connecticut", "Delaware", "D.C.",
    "Florida", "Georgia", "Hawaii", "Idaho", "Illinois", "Indiana", "Iowa", "Kansas", "Kentucky",
    "Louisiana", "Maine", "Maryland", "Massachusetts", "Michigan", "Minnesota", "Mississippi", "Missouri",
    "Montana", "Nebraska", "Nevada", "New Hampshire", "New Jersey", "New Mexico", "New York",
    "North Carolina", "North Dakota", "Ohio", "Oklahoma", "Oregon", "Pennsylvania", "Rhode Island",
    "South Carolina", "South Dakota", "Tennessee", "Texas", "Utah", "Vermont", "Virginia", "Washington",
    "West Virginia", "Wisconsin", "Wyoming", "NY", "UT", "Puerto Rico",
}  # fmt: skip
COUNTRIES = {
    "Argentina": "AR", "Australia": "AU", "Austria": "AT", "Bahamas": "BS", "Belgium": "BE", "Bermuda": "BM",
    "Brazil": "BR", "British Virgin Islands": "VG", "Canada": "CA", "Cayman Islands": "KY", "Chile": "CL",
    "China": "CN", "Colombia": "CO", "Costa Rica": "CR", "Curacao": "CW", "Cyprus": "CY", "Denmark": "DK",
    "Egypt": "EG", "Finland": "FI", "France": "FR", "Germany": "DE", "Gibraltar": "GI", "Greece": "GR",
    "Guernsey": "GG", "Hong Kong": "HK", "India": "IN", "Indonesia": "ID", "Ireland": "IE",
    "Isle of Man": "IM", "Israel": "IL", "Italy": "IT", "Japan": "JP", "Jersey": "JE", "Jordan": "JO",
    "Kazakhstan": "KZ", "Korea (South)": "KR", "Luxembourg": "LU", "Macau": "MO", "Malaysia": "MY",
    "Malta": "MT", "Mexico": "MX", "Monaco": "MC", "Netherlands": "NL", "Kingdom of the Netherlands": "NL",
    "New Zealand": "NZ", "Norway": "NO", "Panama": "PA", "Peru": "PE", "Philippines": "PH", "Poland": "PL",
    "Portugal": "PT", "Puerto Rico": "PR", "Russia": "RU", "Saudi Arabia": "SA", "Singapore": "SG",
    "South Africa": "ZA", "South Korea": "KR", "Spain": "ES", "Sweden": "SE", "Switzerland": "CH",
    "Taiwan": "TW", "Thailand": "TH", "Turkey": "TR", "United Arab Emirates": "AE", "United Kingdom": "GB",
    "UK": "GB", "United States": "US", "United States of America": "US", "USA": "US", "Uruguay": "UY",
    "Vietnam": "VN",
}  # fmt: skip
_BY_NAME = {name.upper(): code for name, code in COUNTRIES.items()}


def country_code(text: str) -> str:
    """Return the code of a country's name; a text that is no name that is known stays as it is.

    Examples
    --------
    >>> country_code("United States"), country_code("us"), country_code("Atlantis")
    ('US', 'US', 'Atlantis')
    """
    return _BY_NAME.get(text.upper(), text.upper() if len(text) == 2 else text)


def country_of(headquarters: str) -> str | None:
    """Return the country of an address that ends in a state of the US or in a country; None for others.

    Georgia is the state.

    Examples
    --------
    >>> country_of("St. Paul, Minnesota"), country_of("Dublin, Ireland"), country_of("Norfolk, Virginia[2]")
    ('US', 'IE', 'US')
    """
    place = re.sub(r"\[\d+\]", "", headquarters).rpartition(",")[2].strip()
    return "US" if place in STATES else COUNTRIES.get(place)
