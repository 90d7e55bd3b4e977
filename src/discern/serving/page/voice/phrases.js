// Spoken phrases in several languages. Names come from the model, in whatever language it was given.

/** @import { ModelInfo, Place, Prediction } from "../api/types.js" */
/** @import { Facing } from "../camera/camera.js" */
/** @import { Item } from "../queue/items.js" */

/**
 * @typedef {"en" | "de" | "fr" | "es" | "it" | "nl"} LanguageCode
 *
 * @typedef {object} Phrases
 * @property {string} language
 * @property {(name: string, percent: number) => string} accept
 * @property {(name: string, percent: number) => string} review
 * @property {(name: string, percent: number) => string} unproven an answer of a model that accepts nothing.
 * @property {(name: string) => string} unknown
 * @property {string} left
 * @property {string} centre
 * @property {string} right
 * @property {string} on
 * @property {string} looking
 * @property {string} stopped
 * @property {string} lost
 * @property {string} unreachable
 * @property {string} failed
 * @property {Record<"accept" | "review" | "unknown" | "failed" | "cancelled", string | string[]> & { pictures: string }} summary
 *     each in one form, or in the singular and the plural.
 */

/** Articles that begin a name. @type {Record<LanguageCode, RegExp>} */
const ARTICLES = {
  en: /^(?:a|an|the) (?=\p{L})/iu,
  de: /^(?:der|die|das|ein|eine) (?=\p{L})/iu,
  fr: /^(?:(?:le|la|les|un|une|des) |l[’'])(?=\p{L})/iu,
  es: /^(?:el|la|los|las|un|una|unos|unas) (?=\p{L})/iu,
  it: /^(?:(?:il|lo|la|i|gli|le|un|uno|una) |(?:l|un)[’'])(?=\p{L})/iu,
  nl: /^(?:de|het|een) (?=\p{L})/iu,
};

/** @type {Record<LanguageCode, Phrases>} */
export const LANGUAGES = {
  en: {
    language: "English",
    accept: (name, sure) => `${name}, ${sure} percent sure`,
    review: (name, sure) => `perhaps ${name}, ${sure} percent; please check`,
    unproven: (name, sure) => `${name}, ${sure} percent; please check`,
    unknown: (name) => `none of the things I know; most like ${name}`,
    left: "to your left", centre: "in front of you", right: "to your right",
    on: "Spoken answers are on.", looking: "I am looking.", stopped: "I have stopped looking.", lost: "The camera has stopped. I have stopped looking.",
    unreachable: "The server cannot be reached. I’ll keep trying.", failed: "This picture could not be answered.",
    summary: { pictures: "pictures", accept: "accepted", review: "to check", unknown: "unknown", failed: "without an answer", cancelled: "cancelled" },
  },
  de: {
    language: "Deutsch",
    accept: (name, sure) => `${name}, zu ${sure} Prozent sicher`,
    review: (name, sure) => `vielleicht ${name}, ${sure} Prozent; bitte nachsehen`,
    unproven: (name, sure) => `${name}, ${sure} Prozent; bitte nachsehen`,
    unknown: (name) => `nichts, was ich kenne; am ehesten ${name}`,
    left: "links von Ihnen", centre: "vor Ihnen", right: "rechts von Ihnen",
    on: "Ich sage die Antworten an.", looking: "Ich sehe hin.", stopped: "Ich sehe nicht mehr hin.", lost: "Die Kamera ist weg. Ich sehe nicht mehr hin.",
    unreachable: "Der Server ist nicht zu erreichen. Ich versuche es weiter.", failed: "Zu diesem Bild gibt es keine Antwort.",
    summary: { pictures: "Bilder", accept: "angenommen", review: "zu prüfen", unknown: "unbekannt", failed: "ohne Antwort", cancelled: "abgebrochen" },
  },
  fr: {
    language: "Français",
    accept: (name, sure) => `${name}, sûr à ${sure} pour cent`,
    review: (name, sure) => `peut-être ${name}, ${sure} pour cent ; à vérifier`,
    unproven: (name, sure) => `${name}, ${sure} pour cent ; à vérifier`,
    unknown: (name) => `rien que je connaisse ; ressemble surtout à ${name}`,
    left: "à votre gauche", centre: "devant vous", right: "à votre droite",
    on: "Je dis les réponses.", looking: "Je regarde.", stopped: "Je ne regarde plus.", lost: "La caméra s’est arrêtée. Je ne regarde plus.",
    unreachable: "Le serveur est injoignable. Je réessaie.", failed: "Pas de réponse pour cette image.",
    summary: { pictures: "images ", accept: ["acceptée", "acceptées"], review: "à vérifier", unknown: ["inconnue", "inconnues"], failed: "sans réponse", cancelled: ["annulée", "annulées"] },
  },
  es: {
    language: "Español",
    accept: (name, sure) => `${name}, seguro al ${sure} por ciento`,
    review: (name, sure) => `quizás ${name}, ${sure} por ciento; compruébelo, por favor`,
    unproven: (name, sure) => `${name}, ${sure} por ciento; compruébelo, por favor`,
    unknown: (name) => `nada que yo conozca; se parece sobre todo a ${name}`,
    left: "a su izquierda", centre: "delante de usted", right: "a su derecha",
    on: "Diré las respuestas.", looking: "Estoy mirando.", stopped: "He dejado de mirar.", lost: "La cámara se ha parado. He dejado de mirar.",
    unreachable: "No se puede llegar al servidor. Sigo intentándolo.", failed: "No hay respuesta para esta imagen.",
    summary: { pictures: "imágenes", accept: ["aceptada", "aceptadas"], review: "por comprobar", unknown: ["desconocida", "desconocidas"], failed: "sin respuesta", cancelled: ["cancelada", "canceladas"] },
  },
  it: {
    language: "Italiano",
    accept: (name, sure) => `${name}, sicuro al ${sure} per cento`,
    review: (name, sure) => `forse ${name}, ${sure} per cento; controlli, per favore`,
    unproven: (name, sure) => `${name}, ${sure} per cento; controlli, per favore`,
    unknown: (name) => `niente che io conosca; assomiglia soprattutto a ${name}`,
    left: "alla sua sinistra", centre: "davanti a lei", right: "alla sua destra",
    on: "Dirò le risposte.", looking: "Sto guardando.", stopped: "Non guardo più.", lost: "La fotocamera si è fermata. Non guardo più.",
    unreachable: "Il server non è raggiungibile. Continuo a provare.", failed: "Nessuna risposta per questa immagine.",
    summary: { pictures: "immagini", accept: ["accettata", "accettate"], review: "da controllare", unknown: ["sconosciuta", "sconosciute"], failed: "senza risposta", cancelled: ["annullata", "annullate"] },
  },
  nl: {
    language: "Nederlands",
    accept: (name, sure) => `${name}, ${sure} procent zeker`,
    review: (name, sure) => `misschien ${name}, ${sure} procent; kijk het even na`,
    unproven: (name, sure) => `${name}, ${sure} procent; kijk het even na`,
    unknown: (name) => `niets dat ik ken; lijkt het meest op ${name}`,
    left: "links van u", centre: "voor u", right: "rechts van u",
    on: "Ik zeg de antwoorden.", looking: "Ik kijk.", stopped: "Ik kijk niet meer.", lost: "De camera is gestopt. Ik kijk niet meer.",
    unreachable: "De server is niet bereikbaar. Ik blijf het proberen.", failed: "Voor deze foto is er geen antwoord.",
    summary: { pictures: "foto’s", accept: "geaccepteerd", review: "na te kijken", unknown: "onbekend", failed: "zonder antwoord", cancelled: "geannuleerd" },
  },
};

/**
 * Phrase an answer to be spoken.
 *
 * The model's own spoken sentence is English, and used where English is chosen.
 *
 * @param {Prediction} prediction
 * @param {object} [options]
 * @param {ModelInfo | null} [options.modelInfo]
 * @param {LanguageCode} [options.language]
 * @param {Place | null} [options.place]
 * @param {boolean} [options.short] leave out the confidence of an accepted answer, for one answer after the other.
 */
export function spokenAnswer(prediction, { modelInfo, language = "en", place = null, short = false } = {}) {
  const phrases = LANGUAGES[language] ?? LANGUAGES.en;
  const { label, decision, confidence } = prediction;
  const names = modelInfo?.names ?? {};
  const display = Object.hasOwn(names, label) ? names[label] : null;
  const name = display?.spoken || prediction.name || display?.name || label.replaceAll("_", " ");
  const where = place && decision !== "unknown" ? `, ${phrases[place]}` : "";
  if (short && decision === "accept") return `${name}${where}`;
  const own = phrases === LANGUAGES.en ? prediction.spoken : null;
  const unproven = decision === "review" && modelInfo?.thresholds?.accept === null;
  const within = decision === "unknown" || (decision === "review" && !unproven);
  const named = within ? name.replace(ARTICLES[language] ?? ARTICLES.en, (article) => article.toLowerCase()) : name;
  return `${own || phrases[unproven ? "unproven" : decision](named, Math.min(99, Math.round(100 * confidence)))}${where}`;
}

/** Count the outcomes of several items in one sentence. @param {Item[]} items @param {LanguageCode} [language] */
export function summarise(items, language = "en") {
  const words = LANGUAGES[language].summary;
  const outcomes = items.map((item) => (item.state === "answered" ? item.prediction?.decision : item.state));
  const parts = /** @type {const} */ (["accept", "review", "unknown", "failed", "cancelled"]).flatMap((outcome) => {
    const number = outcomes.filter((each) => each === outcome).length;
    const [one, many] = [words[outcome]].flat();
    return number ? `${number} ${number > 1 ? (many ?? one) : one}` : [];
  });
  return `${items.length} ${words.pictures}: ${parts.join(", ")}`;
}

/**
 * Turn a place in the picture into the user's own side.
 *
 * A camera that faces away from the user has the user's left on its left. One that faces the user has it on its right,
 * whether or not the preview is mirrored: pictures are always sent as the camera saw them.
 *
 * @param {Place | null} place
 * @param {Facing} [facing]
 * @returns {Place | null}
 */
export function userSide(place, facing) {
  if (facing !== "user" || place === "centre" || place === null) return place;
  return place === "left" ? "right" : "left";
}
