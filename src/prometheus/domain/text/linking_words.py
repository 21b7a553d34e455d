"""What the linker knows of words: endings of company names, names of people and places, signs of a company.

Commented data. Ordinary English is in ``ordinary_words.txt`` beside this file: words that stand in lower case
in annual and quarterly reports and central bank minutes, and ordinary nouns that companies like to be called
by. None of it decides alone: an ambiguous name needs a second sign, see `linking`.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LEGAL = _words(
    "inc incorporated corp corporation co company companies cos ltd limited plc llc lp nv sa ag se ab asa"
    " oyj spa kgaa gmbh bv sarl kk hldg hldgs holding holdings group gp grp trust reit bancorp"
    " bancorporation bancshares"
)
"""Endings that say how a company is made up."""

DESCRIPTORS = LEGAL | _words(
    "air airlines airways lines apparel associates automotive auto bank banks banking beverage beverages"
    " biomet biosciences biopharma biotherapeutics brands brewing broadcasting business capital chemical"
    " chemicals commodities communications computer cosmetics consulting controls cruises data design"
    " devices diagnostics digital dynamics electric electronics energy engineering enterprise enterprises"
    " entertainment environmental equipment exploration express fashion finance financial foods foundry"
    " fragrance games gaming gas gold graphics growth health healthcare home homes hospitality hospitals"
    " hotel hotels idec industrial industries information infrastructure instruments insurance integrated"
    " interactive international intl investment investments laboratories labs land learning leisure life"
    " lifesciences limited logistics machines marine market markets materials media medical metals micro"
    " mining mortgage motor motors national natural network networks offshore oil online packaging paper"
    " parts payment payments petroleum pharma pharmaceutical pharmaceuticals pipeline platform platforms"
    " plastics power products properties property railroad railway realty renewables rentals research"
    " residential resorts resources restaurant restaurants retail robotics salon sciences scientific"
    " security securities semiconductor semiconductors service services shipping software solar solutions"
    " sports steel storage stores studios supply svc systems technologies technology telecom"
    " telecommunications therapeutics tobacco toys trading transport transportation travel trucking"
    " utilities ventures water wireless works worldwide worlwide"
)
"""Words that say what a company does; without them its name is still its name."""

SHARE_CLASS = r"\s*[-,]?\s*(class\s+[a-z]|-\s*[a-z]|\s[a-z])\s*$"

GIVEN_NAMES = _words(
    "aaron abraham adam alan albert alex alexander alexandra alexandria alice amy andrea andrew andy anna"
    " anne anthony arthur barbara ben benjamin bernard bernie beth bill bob boris brad brandon brian bruce"
    " carl carol casey catherine charles charlie charlotte chris christian christina christine christopher"
    " craig dan daniel dave david dean deborah dennis diane don donald doug douglas ed edward eli"
    " elizabeth ellen emily emma eric ernest eugene evan frank fred gary george gerald glenn gordon greg"
    " gregory harold harrison harry heather helen henry herbert howard hugh ian jack jacob jake james"
    " jamie jane janet jason jay jeff jeffrey jennifer jeremy jerome jerry jesse jessica jim jimmy joan"
    " joe joel john jon jonathan jordan jose joseph josh joshua juan judy julia julie justin karen kate"
    " katherine kathy keith kelly ken kenneth kevin kim kimberly kyle larry laura lauren lee leo leon"
    " leonard linda lisa logan louis lucy luke marc marcus margaret maria mario mark martha martin mary"
    " mason matt matthew max megan melissa michael michelle mike mitch morgan nancy nathan neil nicholas"
    " nick nicole norman oliver oscar otis owen pamela parker patricia patrick paul peter phil philip"
    " phillip rachel ralph ray raymond rebecca richard rick rob robert robin roger ron ronald ross roy"
    " russell ruth ryan sally sam samuel sandra sara sarah scott sean sharon sheryl simon spencer stan"
    " stanley stephanie stephen steve steven stuart sue susan taylor ted teresa terry theodore theresa"
    " thomas tiffany tim timothy todd tom tony tyler victor victoria vincent virginia walt walter warren"
    " wayne wendy will william zach adele alastair alison amanda angela annie ashley audrey becky bella betty"
    " bianca bradley brenda bruno caitlin cameron carla"
    " carlos caroline cathy cecilia chloe cindy claire clara"
    " colin connor cynthia daisy darren debbie denise derek diana dominic donna dorothy dylan edith edwin"
    " eileen elena ella ellie erica erin ethan eva"
    " evelyn fiona frances francis gabriel gail gavin gina gloria"
    " gwen hannah harriet harvey hazel hector hugo irene isaac isabel ivan jackie jasmine jill joanna johnny"
    " josephine joyce juliet karl katie kayla kirsten kurt leah leila lena leslie liam lily lorraine louise"
    " lydia lynn malcolm marie marilyn marion marvin maureen"
    " maya mia miranda molly monica nadia naomi natalie"
    " nigel nina noah nora olga olivia pablo pam paula pedro phoebe priya ramon renee rhonda rita rodney rosa"
    " rosie sabrina samantha seth shane shirley silvia sofia"
    " sophia sophie stella sylvia tamara tanya tara tina"
    " toby tracy trevor ursula valerie vanessa vera veronica vivian wanda wesley yvonne zoe"
)

SURNAMES = _words(
    "abbott adams allen anderson bailey baker barclay barnes bell bennett berkley biden brooks brown"
    " bryant burns bush butler campbell carter clark clinton coleman collins cook cooper cox cramer cruz"
    " cuomo davis diaz dixon eaton edwards emerson evans ferguson fisher fleming flores ford foster"
    " franklin fuller gallagher garcia gibson gonzalez gordon graham grant gray green griffin hall"
    " hamilton hansen harley harman harris hart hayes henderson hess hill holmes horton howell hubbell"
    " hughes hunt jackson jacobs jenkins johnson johnston jones kelley kelly kennedy king knight kohl"
    " kraft lamb lambert lane lewis lilly lincoln long lopez macdonald marsh marshall martinez mason"
    " mccain mccarthy mcconnell mccormick mcdonald mead meyer miller mitchell moore morales morgan morris"
    " mueller murphy murray musk myers nelson newell newman nielsen obama olson palmer parker patterson"
    " pelosi perez perry peters peterson phillips pierce porter potter powell price ramirez reed reid"
    " reynolds rice richards richardson rivera roberts robinson rockwell rodriguez rogers rollins romney"
    " roper rose ross russell ryan sanchez sanders sands schmidt schneider schultz shaw sherwin simmons"
    " simpson smith snyder soros spencer stanley stephens stevens stewart stone stryker sullivan taylor"
    " thompson torres trump tucker turner tyson walker wallace walsh ward warner warren washington watson"
    " watts weaver webb weber welch wells west wheeler white williams willis wilson wood woods wright"
    " wyndham wynn yang yellen young zimmer"
)

GENERIC = _words(
    "advance alliance american applied capital charter digital duke equity federal fidelity first"
    " frontier general global international marathon monster national news noble northern pioneer"
    " principal public quest range regions republic southern standard total union united universal western"
    " whole world"
)
"""Words that many names begin with and none is known by: only with its legal ending is such a word a name."""

PLACES = _words(
    "africa alabama alaska alberta alto america american americas angeles arizona arkansas asia asian"
    " atlanta atlantic austin australia bahamas baltimore beijing berlin bermuda boston brazil bristol"
    " britain british brooklyn california cambridge camden canada canadian caribbean carolina chicago"
    " china chinese cincinnati city cleveland colorado columbia connecticut corning dakota dallas danish"
    " delaware denver detroit dover dubai dutch eastern england europe european florida france french"
    " georgia german germany hartford hawaii hawaiian hershey hongkong houston huntington idaho illinois"
    " india indian indiana iowa irish israel italian japan japanese kansas kentucky korea las lincoln"
    " london los louisiana maine manhattan maryland massachusetts mediterranean memphis mexican mexico"
    " miami michigan midland minnesota mississippi missouri mohawk montana montreal moscow nebraska nevada"
    " new newport norfolk northern norway norwegian ohio oklahoma ontario oregon orleans oxford pacific"
    " palo paris pennsylvania philadelphia pittsburgh portland quebec richmond rochester rome russia"
    " russian scottish seattle shanghai singapore southern southwest southwestern spain spanish"
    " springfield sweden swedish swiss sydney taiwan tampa tennessee texas tokyo toronto tulsa utah"
    " vancouver vegas vermont virginia washington western wisconsin wyoming yellowstone york yukon zurich"
)

INDICES = _words("dow nasdaq nyse nikkei ftse dax russell wilshire standard poors s&p stoxx")
"""Indices and exchanges: a headline that says these means a level, not a listed company."""

NOT_INITIALS = _words("m&a r&d q&a s&p p&l b&b r&b d&d a&e m&m")

ACRONYMS = _words(
    "aca adp ads ai am all and api are ath atm big ca can cbo cdc ceo cfo cia cio cnn coo cpi cse cto"
    " ebit ecb ecri efs eia emea epa eps esg etf etfs eur eu ev evs faa fbi fcc fda fed fha fl for ftc"
    " ftse fomc gaap gbp gdp gop has hhs hiv hr ice imf ip ipo ipos irs ism it its ira jpy key law lng low"
    " ma mac men mit mlb ms msg nafta nato nba nfl nhl nlrb nov now nyc nyse nyt oil one opec pc pce ph pm"
    " pmi pr q1 q2 q3 q4 qe reit reits roi sec see sos spac spacs spy ssn tax tpp tv uae uk un us usa usd"
    " ubs usda usmca vat vc vix vp wef who wsj wto wwii xi you yoy ytd"
)
"""Capital letters that are no tickers in a headline."""

COMPANY_NOUNS = _words(
    "shares share stock stocks ceo cfo coo cto chairman chairwoman earnings sales revenue revenues profit"
    " profits results quarter guidance dividend buyback ipo shareholders shareholder stores acquisition"
    " merger takeover layoffs"
)
"""What only a company has: the word behind its name."""

COMPANY_VERBS = _words(
    "executive executives exec boss founder employees workers customers store rival supplier unit analyst"
    " analysts bulls bears investor investors deal outlook forecast report reports reported recalls beats"
    " misses unveils launches announces posts hires acquires buys sells sues settles agrees expects warns"
    " says files tops debuts introduces raises slashes adds cancels orders ships trims delays refunds teams"
)
"""What companies do or have, and people and places too: a sign behind an ordinary word only."""

OTHER_BODIES = _words(
    "foundation university college institute museum school church hospital arena stadium field center centre"
    " theater theatre reit bdc trust fund funds etf etn bancorp hospitality partners midstream"
)
"""Behind a name, and not part of it, these make another one: "Ford Foundation", "Target Field"."""

ARMS = _words("financial credit capital finance leasing realty properties energy")
"""These do, too, where no capital follows: "General Motors Financial", but "Apple Financial Results"."""

OTHER_SENSES = {
    "amazon": _words("rainforest rainforests forest forests river basin jungle deforestation tribe tribes"),
    "apple": _words(
        "pie pies orchard orchards cider juice tree trees crop crops grower growers harvest sauce blossom"
    ),
    "intel": _words(
        "official officials agency agencies committee committees community chief chiefs briefing briefings"
        " officer officers sharing"
    ),
    "delta": _words("variant variants strain wave blues smelt town towns"),
    "visa": _words(
        "application applications applicant applicants holder holders rule rules waiver waivers ban program"
        " lottery scheme"
    ),
}
"""Words behind an ordinary or geographical name that say it is no company's."""

OTHER_NAMES = frozenset({("big", "apple"), ("golden", "visa"), ("tourist", "visa"), ("student", "visa")})
"""A name with the word before it that is something else."""

CONTEXT_BEFORE = _words(
    "buy buying sell selling own owns upgrades upgrade downgrades downgrade acquire acquires acquiring"
    " retailer carmaker automaker chipmaker drugmaker insurer lender bank airline maker shares"
)
"""Words before a name that only a company follows."""


@lru_cache(maxsize=1)
def ordinary_words() -> frozenset[str]:
    """Return the ordinary words of ``ordinary_words.txt``, lower case."""
    return _words((files("prometheus.domain.text") / "ordinary_words.txt").read_text(encoding="utf-8"))
