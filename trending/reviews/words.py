"""Words that pen names are made of and sentences begin with: by themselves they name nobody."""

from __future__ import annotations

_TEXT = """
about action actor actress after again all amazing and animation another any anyone art author average awesome bad batman best better big
black blog blogger blood blue book boring boy brilliant buff but can cinema cinematic cinephile classic comedy comic cool crazy crime critic
critical critics dark day dead death director disney documentary don drama dvd ending enjoy enjoyable episode etc even ever evil excellent
fan fantastic fantasy favorite favourite film filmmaker films final fine first five for four freak free from fun game geek ghost girl god
good grade great green guy guys half happy have head hello her hero highly his history hollywood horror hot how imdb its jedi joker junkie
just kid king lady last life like little live lord love lover mad man master masterpiece media meh men mom moon more movie movies mr mrs
music must name nerd netflix never new news night nobody not nothing now off old one only oscar our out overall perfect person picture
pictures plot pop popcorn power prince princess pro queen rating real recommended red reel ret review reviewer reviews rock romance rose
saga scary school science screen season see seen series she show shows sir solid some someone star stars still story student stupid summer
super superb teacher ten terrible thank thanks that the their then there these they this three time title top total trash true tv two
ultimate user very video viewer viva waffle war was waste watch watcher watching way well western what when where white who why wild winter
with wolf woman wonderful world worst worth would wow writer yawn yes yet you young your zombie zone
"""
COMMON_WORDS = frozenset(_TEXT.split())
