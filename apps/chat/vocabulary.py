"""Words people use for genres, kinds, languages, vibes and spans of time, and what the tools call them. Data only: `slots` reads it."""

from __future__ import annotations

from trending.titles import TitleType

# Words beside those of `trending.genres`, which maps what catalogues write, not what people say.
GENRE_WORDS: dict[str, tuple[str, ...]] = {
    "funny": ("Comedy",),
    "hilarious": ("Comedy",),
    "laugh out loud": ("Comedy",),
    "romcoms": ("Romance", "Comedy"),
    "rom-coms": ("Romance", "Comedy"),
    "romantic comedies": ("Romance", "Comedy"),
    "dramedy": ("Drama", "Comedy"),
    "dramedies": ("Drama", "Comedy"),
    "sitcoms": ("Comedy",),
    "parodies": ("Comedy",),
    "satires": ("Comedy",),
    "scary": ("Horror",),
    "frightening": ("Horror",),
    "slashers": ("Horror",),
    "horrors": ("Horror",),
    "romances": ("Romance",),
    "love story": ("Romance",),
    "love stories": ("Romance",),
    "date night": ("Romance",),
    "animations": ("Animation",),
    "cartoony": ("Animation",),
    "docs": ("Documentary",),
    "docus": ("Documentary",),
    "family-friendly": ("Family",),
    "family friendly": ("Family",),
    "for kids": ("Family",),
    "for children": ("Family",),
    "for the kids": ("Family",),
    "kids": ("Family",),
    "kids'": ("Family",),
    "kid's": ("Family",),
    "children's": ("Family",),
    "for my children": ("Family",),
    "with my children": ("Family",),
    "with the children": ("Family",),
    "for the family": ("Family",),
    "for the whole family": ("Family",),
    "fantasies": ("Fantasy",),
    "historicals": ("History",),
    "period drama": ("History", "Drama"),
    "period dramas": ("History", "Drama"),
    "costume drama": ("History", "Drama"),
    "gangster films": ("Crime",),
    "true crime": ("Crime", "Documentary"),
    "whodunits": ("Mystery",),
    "whodunnit": ("Mystery",),
    "whodunnits": ("Mystery",),
    "detective": ("Mystery",),
    "noirs": ("Crime",),
    "thrilling": ("Thriller",),
    "spies": ("Thriller",),
    "action-packed": ("Action",),
    "adventurous": ("Adventure",),
    "superheroes": ("Action",),
    "superhero": ("Action",),
    "sporty": ("Sport",),
}
# Labels of catalogues that are everyday words: as a subject they are worth more than as a genre.
NOT_GENRE_WORDS = {
    "and culture",
    "animals & nature",
    "cooking & food",
    "dance",
    "diy",
    "disaster",
    "food",
    "gangster",
    "heist",
    "kids",
    "legal",
    "lifestyle",
    "medical",
    "nature",
    "period",
    "police/cop",
    "supernatural",
    "travel",
    "spy",
    "buddy",
    "soap",
}
ANIME = ("anime", "animes")

# Words for films or for shows; None: for both.
KIND_WORDS: dict[str, TitleType | None] = {
    **dict.fromkeys(("film", "films", "movie", "movies", "flick", "flicks", "feature film", "feature films", "tv movie", "tv movies"), "movie"),
    **dict.fromkeys(
        ("tv", "show", "shows", "tv show", "tv shows", "series", "tv series", "television", "miniseries", "mini-series", "sitcom", "sitcoms"), "tv"
    ),
    **dict.fromkeys(("title", "titles", "picks"), None),
}

# Nations whose films are in one language, beside the names of languages themselves.
NATIONS: dict[str, str] = {"iranian": "fa", "israeli": "he", "cantonese": "zh", "mandarin": "zh", "farsi": "fa", "filipino": "tl", "flemish": "nl"}
# Titles can't be filtered by country, and these say nothing of the language.
COUNTRIES = (
    "american",
    "argentine",
    "australian",
    "belgian",
    "brazilian",
    "british",
    "canadian",
    "indian",
    "irish",
    "mexican",
    "scottish",
    "swiss",
    "uk",
    "us",
)

NUMBERS: dict[str, int] = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "couple": 2,
    "few": 3,
    "dozen": 12,
}
ORDINALS: dict[str, int] = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
    "1st": 1,
    "2nd": 2,
    "3rd": 3,
    **{f"{number}th": number for number in range(4, 11)},
}

DECADES: dict[str, int] = {
    "twenties": 1920, "thirties": 1930, "forties": 1940, "fifties": 1950, "sixties": 1960, "seventies": 1970, "eighties": 1980, "nineties": 1990,
    "noughties": 2000, "aughts": 2000,
}  # fmt: skip

# Words that carry nothing once slots are taken out.
_EMPTY = """
a all also am an and any anything are as at available be best binge but by came can catalogue check come could decent do does don't else evening ever fancy
feel find for from get give good got great have hello help here hey hi how i i'd i'll i'm if in is it its just kind know let's like list looking lot lots made
me mood more most my need new nice night now of off ok okay on only or other our out over pick picks please pretty quite really recommend released
right s search see set shall should show shown so some someone something sort suggest suggestion suggestions surprise tell than that that's the them
then there there's these this those to today tonight top us very want watch watching we we're weekend well were what what's which will with worth
would you your
"""
EMPTY_WORDS = frozenset(_EMPTY.split())

# What people say of a mood, for each vibe of `trending.insights`. Its "funny", "scary" and "romantic" are asked for as genres, which more titles have.
_MOODS: dict[str, str] = {
    "action-packed": "action packed, explosive",
    "atmospheric": "moody",
    "bittersweet": "",
    "bleak": "grim, depressing",
    "campy": "cheesy, trashy",
    "charming": "sweet, delightful",
    "coming-of-age": "coming of age",
    "cosy": "cozy, comforting, comfort, gentle, relaxing, wholesome, light-hearted, lighthearted, light, easy",
    "cynical": "",
    "dark": "sinister, disturbing",
    "deadpan": "dry",
    "dreamlike": "surreal, weird",
    "emotional": "sad, moving, touching, tear-jerker, tearjerker, heartbreaking",
    "epic": "sweeping, grand",
    "fast-paced": "fast paced, fast, exciting",
    "feel-good": "feel good, feelgood, uplifting, happy, cheerful, upbeat, joyful",
    "gory": "bloody",
    "gritty": "raw, hard-boiled",
    "heart-warming": "heartwarming, heart warming, warm",
    "inspiring": "inspirational, motivating",
    "intense": "harrowing",
    "intimate": "quiet",
    "irreverent": "raunchy, crude, outrageous",
    "magical": "enchanting",
    "melancholic": "melancholy",
    "mind-bending": "mind bending, mindbending, trippy, mind-blowing, mind-boggling",
    "nostalgic": "",
    "offbeat": "strange, unusual, unconventional",
    "playful": "silly, whimsical, goofy, zany",
    "quirky": "eccentric",
    "realistic": "",
    "satirical": "",
    "sensual": "sexy, steamy, erotic",
    "slow-burn": "slow burn, slow, slow-burning",
    "suspenseful": "nail-biting, edge of your seat",
    "tense": "gripping",
    "thought-provoking": "thought provoking, thoughtful, philosophical, deep, intelligent, smart, clever, cerebral",
    "twisty": "with twists, with a twist, unpredictable",
    "violent": "brutal",
    "visually stunning": "beautiful, visually beautiful, gorgeous, stunning",
    "witty": "",
}
VIBES: dict[str, str] = {word: vibe for vibe, words in _MOODS.items() for word in (vibe, *filter(None, words.split(", ")))}
