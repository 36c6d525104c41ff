"""Words that customers and agents could have written, in the four languages that search reads: per language 30 fillers,
then 70 words of the desk, then compounds of those. A word's place is its rank, and Zipf's law does the rest."""

from __future__ import annotations

import itertools
import random
from functools import cache

FILLERS, ROOTS, WORDS = 30, 70, 4_000

_FILLERS = {
    "en": "the and to is it that in we of for on not with this but our have from are you when after can as has be was"
    " by there all",
    "sv": "och att det som en på är för av med inte den har vi till ett om så men när kan från efter vår ni alla där nu"
    " ska var",
    "nb": "og det at som en på er for av med ikke den har vi til et om så men når kan fra etter vår dere alle der nå"
    " skal var",
    "da": "og det at som en på er for af med ikke den har vi til et om så men når kan fra efter vores alle der nu skal"
    " var blev hos",
}
_ROOTS = {
    "en": "invoice printer order delivery password account server backup network screen report error update licence"
    " customer payment reader pump valve sensor cable battery filter drawing manual part warranty service machine"
    " window table field number file folder mail portal login key letter label route stock price discount tax bank"
    " card scanner camera signal meter motor panel switch module driver client browser calendar message alarm test"
    " result sample plan project contract partner",
    "sv": "faktura skrivare order leverans lösenord konto server kopia nätverk skärm rapport fel uppdatering licens"
    " kund betalning läsare pump ventil givare kabel batteri filter ritning handbok del garanti tjänst maskin fönster"
    " tabell fält nummer fil mapp brev portal inloggning nyckel tecken etikett väg lager pris rabatt skatt bank kort"
    " bild kamera signal mätare motor panel brytare modul drivrutin klient sida kalender meddelande larm prov svar"
    " plan projekt avtal samarbete enhet grupp person",
    "nb": "regning skriver ordre levering passord konto tjener kopi nettverk skjerm rapport feil oppdatering lisens"
    " kunde betaling leser pumpe ventil føler kabel batteri filter tegning håndbok del garanti tjeneste maskin vindu"
    " tabell felt nummer fil mappe brev portal innlogging nøkkel tegn etikett vei lager pris rabatt skatt bank kort"
    " bilde kamera signal måler motor panel bryter modul driver klient side kalender melding alarm prøve svar plan"
    " prosjekt avtale samarbeid enhet gruppe person",
    "da": "faktura printer ordre levering kodeord konto server kopi netværk skærm rapport fejl opdatering licens kunde"
    " betaling læser pumpe ventil føler kabel batteri filter tegning håndbog del garanti tjeneste maskine vindue tabel"
    " felt nummer fil mappe brev portal adgang nøgle tegn etiket vej lager pris rabat skat bank kort billede kamera"
    " signal måler motor panel afbryder modul driver klient side kalender besked alarm prøve svar plan projekt aftale"
    " samarbejde enhed gruppe person",
}
LANGUAGES = tuple(_ROOTS)


@cache
def vocabulary(language: str) -> tuple[str, ...]:
    """The words of a language, the commonest first; the same ones every time."""
    fillers, roots = _FILLERS[language].split()[:FILLERS], _ROOTS[language].split()[:ROOTS]
    compounds = ["".join(pair) for pair in itertools.permutations(roots, 2)]
    random.Random(language).shuffle(compounds)
    return tuple(dict.fromkeys([*fillers, *roots, *compounds]))[:WORDS]


class Writer:
    """Writes texts in one language, the same ones every time."""

    def __init__(self, language: str) -> None:
        self.language, self.chance = language, random.Random(f"texts {language}")
        weights = [1 / place for place in range(1, WORDS + 1)]
        self.pool = self.chance.choices(vocabulary(language), weights=weights, k=100 * WORDS)

    def line(self, least: int, most: int) -> str:
        """So many words."""
        count = self.chance.randint(least, most)
        start = self.chance.randrange(len(self.pool) - count)
        return " ".join(self.pool[start : start + count]).capitalize()

    def text(self, least: int, most: int) -> str:
        """So many sentences."""
        return " ".join(f"{self.line(4, 14)}." for _ in range(self.chance.randint(least, most)))
