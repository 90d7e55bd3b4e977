// What is said aloud, in some languages. Names of things come from the model, in whatever language it was given.

export const LANGUAGES = {
  en: {
    language: "English",
    accept: (name, sure) => `${name}, ${sure} percent sure`,
    review: (name, sure) => `perhaps ${name}, ${sure} percent; please check`,
    unknown: (name) => `none of the things I know; most like ${name}`,
    left: "to your left", centre: "in front of you", right: "to your right",
    on: "Spoken answers are on.", looking: "I am looking.", stopped: "I have stopped looking.", lost: "The camera has ended. I have stopped looking.",
    unreachable: "The server cannot be reached. I keep trying.", failed: "This picture could not be answered.",
    tally: { pictures: "pictures", accept: "accepted", review: "to check", unknown: "not known", failed: "without an answer", cancelled: "cancelled" },
  },
  de: {
    language: "Deutsch",
    accept: (name, sure) => `${name}, zu ${sure} Prozent sicher`,
    review: (name, sure) => `vielleicht ${name}, ${sure} Prozent; bitte nachsehen`,
    unknown: (name) => `nichts, was ich kenne; am ehesten ${name}`,
    left: "links von Ihnen", centre: "vor Ihnen", right: "rechts von Ihnen",
    on: "Ich sage die Antworten an.", looking: "Ich sehe hin.", stopped: "Ich sehe nicht mehr hin.", lost: "Die Kamera ist weg. Ich sehe nicht mehr hin.",
    unreachable: "Der Server ist nicht zu erreichen. Ich versuche es weiter.", failed: "Zu diesem Bild gibt es keine Antwort.",
    tally: { pictures: "Bilder", accept: "angenommen", review: "zu prüfen", unknown: "unbekannt", failed: "ohne Antwort", cancelled: "abgebrochen" },
  },
  fr: {
    language: "Français",
    accept: (name, sure) => `${name}, sûr à ${sure} pour cent`,
    review: (name, sure) => `peut-être ${name}, ${sure} pour cent ; à vérifier`,
    unknown: (name) => `rien que je connaisse ; ressemble surtout à ${name}`,
    left: "à votre gauche", centre: "devant vous", right: "à votre droite",
    on: "Je dis les réponses.", looking: "Je regarde.", stopped: "Je ne regarde plus.", lost: "La caméra s’est arrêtée. Je ne regarde plus.",
    unreachable: "Le serveur est injoignable. Je réessaie.", failed: "Pas de réponse pour cette image.",
    tally: { pictures: "images ", accept: ["acceptée", "acceptées"], review: "à vérifier", unknown: ["inconnue", "inconnues"], failed: "sans réponse", cancelled: ["annulée", "annulées"] },
  },
  es: {
    language: "Español",
    accept: (name, sure) => `${name}, seguro al ${sure} por ciento`,
    review: (name, sure) => `quizás ${name}, ${sure} por ciento; compruébelo, por favor`,
    unknown: (name) => `nada que yo conozca; se parece sobre todo a ${name}`,
    left: "a su izquierda", centre: "delante de usted", right: "a su derecha",
    on: "Diré las respuestas.", looking: "Estoy mirando.", stopped: "He dejado de mirar.", lost: "La cámara se ha parado. He dejado de mirar.",
    unreachable: "No se puede llegar al servidor. Sigo intentándolo.", failed: "No hay respuesta para esta imagen.",
    tally: { pictures: "imágenes", accept: ["aceptada", "aceptadas"], review: "por comprobar", unknown: ["desconocida", "desconocidas"], failed: "sin respuesta", cancelled: ["cancelada", "canceladas"] },
  },
  it: {
    language: "Italiano",
    accept: (name, sure) => `${name}, sicuro al ${sure} per cento`,
    review: (name, sure) => `forse ${name}, ${sure} per cento; controlli, per favore`,
    unknown: (name) => `niente che io conosca; assomiglia soprattutto a ${name}`,
    left: "alla sua sinistra", centre: "davanti a lei", right: "alla sua destra",
    on: "Dirò le risposte.", looking: "Sto guardando.", stopped: "Non guardo più.", lost: "La fotocamera si è fermata. Non guardo più.",
    unreachable: "Il server non è raggiungibile. Continuo a provare.", failed: "Nessuna risposta per questa immagine.",
    tally: { pictures: "immagini", accept: ["accettata", "accettate"], review: "da controllare", unknown: ["sconosciuta", "sconosciute"], failed: "senza risposta", cancelled: ["annullata", "annullate"] },
  },
  nl: {
    language: "Nederlands",
    accept: (name, sure) => `${name}, ${sure} procent zeker`,
    review: (name, sure) => `misschien ${name}, ${sure} procent; kijk het even na`,
    unknown: (name) => `niets dat ik ken; lijkt het meest op ${name}`,
    left: "links van u", centre: "voor u", right: "rechts van u",
    on: "Ik zeg de antwoorden.", looking: "Ik kijk.", stopped: "Ik kijk niet meer.", lost: "De camera is gestopt. Ik kijk niet meer.",
    unreachable: "De server is niet bereikbaar. Ik blijf het proberen.", failed: "Voor deze foto is er geen antwoord.",
    tally: { pictures: "foto’s", accept: "geaccepteerd", review: "na te kijken", unknown: "onbekend", failed: "zonder antwoord", cancelled: "geannuleerd" },
  },
};

/**
 * The answer as it is said.
 *
 * The model's own spoken sentence is English, and said where English is chosen; `short` leaves out how sure an
 * accepted answer is, for somebody who hears one after the other.
 */
export function sayAnswer(prediction, { about, language = "en", place = null, short = false } = {}) {
  const words = LANGUAGES[language] ?? LANGUAGES.en;
  const called = Object.hasOwn(about?.names ?? {}, prediction.label) ? about.names[prediction.label] : null;
  const name = called?.spoken || prediction.name || called?.name || prediction.label.replaceAll("_", " ");
  const where = place && prediction.decision !== "unknown" ? `, ${words[place]}` : "";
  if (short && prediction.decision === "accept") return `${name}${where}`;
  const own = words === LANGUAGES.en ? prediction.spoken : null;
  return `${own || words[prediction.decision](name, Math.min(99, Math.round(100 * prediction.confidence)))}${where}`;
}

/** What became of several pictures, in one sentence. */
export function sayTally(items, language = "en") {
  const words = LANGUAGES[language].tally;
  const kinds = items.map((item) => (item.state === "answered" ? item.prediction.decision : item.state));
  const parts = ["accept", "review", "unknown", "failed", "cancelled"].flatMap((kind) => {
    const number = kinds.filter((each) => each === kind).length;
    const [one, many] = [words[kind]].flat();
    return number ? `${number} ${number > 1 ? (many ?? one) : one}` : [];
  });
  return `${items.length} ${words.pictures}: ${parts.join(", ")}`;
}

/**
 * On which side of the user something is.
 *
 * A camera that looks where the user looks has the user's left on its left. One that looks at the user has it on its
 * right, whether or not the preview is drawn as a mirror: pictures are always sent as the camera saw them.
 */
export function sideOf(place, facing) {
  if (facing !== "user") return place;
  return { left: "right", right: "left" }[place] ?? place;
}
