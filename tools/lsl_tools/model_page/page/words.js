// Every word that the page says, a table a language. A new language is a new table; what it lacks is said in English.

const ENGLISH = {
  language: "English",
  drop: "Drop photographs here", or: "or", choose: "Choose files", camera: "Take a photograph", paste: "paste with {keys}",
  stays: "Nothing leaves this computer: the page has no way to send anything.",
  kinds: "PNG, JPEG, BMP or TIFF, up to 50 megapixels, best {tall} × {wide} pixels as the model was trained on.",
  try: "Try one of these", unpacking: "The model is being unpacked …", ready: "Ready. This browser computes right: it was tried on the golden sample.",
  working: "{done} of {all} answered, {left} left", seconds: "{n} s", minutes: "{n} min", done: "{done} of {all} answered.", doneOne: "Answered.",
  failedSome: "{n} could not be read.",
  likely: "{percent} likely", sure: "Sure", sureNone: "nothing", sureList: "one of {list}", set: "Possible",
  setTold: "The right one is among these in {share} of images like those that the model was trained on.",
  noSet: "This model promises no set of possible classes.", chosen: "Chosen", none: "none",
  inside: "Like the images that the model was trained on.", outside: "Out of scope: unlike the images that the model was trained on. Do not trust this answer.",
  coarse: "{task}", all: "All classes", bar: "{name}: {percent}", barSet: "{name}: {percent}, possible", unknownScope: "This model cannot tell whether an image is of its kind.",
  map: "What decided", contributions: "for and against", saliency: "strength of the gradient", why: "Why", not: "and not", anyOther: "any other",
  hideMap: "Hide the map (M)", showMap: "Show the map (M)", legend: "orange speaks for it, blue against it", legendSize: "the darker, the more the answer depends on it",
  mapRough: "A first map; a finer one is being made: {step} of {of}.", mapWork: "The map is being made …", mapMade: "The map is there.",
  mapNote: "A map shows what the network reacts to. It is no proof of where a structure lies.", noWhy: "This model makes no maps for and against: train again with a newer lsl-train.",
  alike: "Most alike among the examples", alikeNote: "By the model's own features.", label: "label {name}", itself: "this image itself",
  same: "Taken as it is.", shrunk: "Scaled down from {wide} × {tall} pixels.", cutBy: "Cut out by hand.",
  framed: "This picture has {wide} × {tall} pixels and another shape than the model's images. It was put into the frame whole. If the model learnt from objects that were cut out and turned, cut it out by hand.",
  cut: "Cut out by hand (C)", again: "As it was", cutTitle: "Cut out, turn, mirror", cutTold: "Put the frame around the object, as the model's images show it.",
  cutKeys: "Drag to move, the wheel changes the size. Arrows move, + and − size, Q and E turn, R by a quarter, F mirrors left and right, T top and bottom, Enter takes it.",
  left: "Turn left", right: "Turn right", quarter: "Quarter turn", flipX: "Mirror left and right", flipY: "Mirror top and bottom", smaller: "Smaller", larger: "Larger", take: "Take it", cancel: "Cancel",
  frameAt: "Frame in the middle {x}, {y}, {wide} pixels wide, turned by {angle} degrees", flipped: ", mirrored",
  image: "Image", answer: "Answer", probability: "Probability", remarks: "Remarks", table: "All images", csv: "Save as CSV", clear: "Remove all", remove: "Remove", wait: "waiting", of: "{at} of {all}",
  previous: "Previous (←)", next: "Next (→)", outShort: "out of scope", framedShort: "put into the frame", cutShort: "cut out by hand",
  about: "About this model", trained: "Trained on", fine: "{n} images with a class of {task}", coarseImages: "{n} images with a coarse class alone", asked: "It tells", classes: "{task}: {list}", tested: "Tested on", testImages: "{n} images of {genes} groups that it never saw",
  untested: "It was not tested on images that it never saw.", accuracy: "right", within_one: "right or next to it", parent_accuracy: "coarse class right", coverage: "right class among the possible ones", ece: "calibration error", macro_f1: "macro F1", by: "the most frequent class alone: {percent}",
  notFor: "Not for", notForTold: "Not for other organisms, stains or ways of taking photographs than those it was trained on; not for diagnosis; not as the only proof of a stage. Probabilities hold for images like those of its training.",
  made: "Made by", madeTold: "lsl-toolkit {version}, {precision} weights, model {digest}", rounded: "16-bit", exact: "32-bit", onRounding: "Its weights were rounded to 16 bits for this page: {logits} of a logit's size on the golden sample.",
  licences: "Licences", offline: "This page works without a network, and its own rules forbid every connection.", runs: "It runs on {name} {version}, one thread of this computer's processor.", threads: "It runs on {name} {version}, {n} threads of this computer's processor.",
  keys: "Keys", keyList: "← → other image · M map · C cut out · O choose files · P take a photograph · S save as CSV · Delete remove · ? this list",
  theme: "Light or dark", tongue: "Language", skip: "Skip to the answer", close: "Close", shoot: "Take it", noCamera: "No camera can be used here: {told}",
  canvas: "This browser alters pictures that a page reads (a protection against recognition, as in Tor Browser or with resistFingerprinting). Answers are then wrong: use another browser, or allow this page to read pictures.",
  golden: "This browser computes otherwise than the model's maker: for the golden sample the graph {graph} is off by {off} of {size}. It gives no answers here; try another browser.",
  simd: "This browser cannot run the model: it has no WebAssembly with SIMD. Use a newer Firefox, Chrome, Edge or Safari.", old: "This browser is too old for this page: it lacks {what}. Use a newer Firefox, Chrome, Edge or Safari.",
  file: "The pieces of this page cannot be read from a disk. Put the folder on a web server, or make one file: lsl-store page without --split.",
  empty: "The file is empty.", other: "This is not a PNG, JPEG, BMP or TIFF file but {kind}: save it as PNG.", animation: "This is an animation ({kind}): save the one picture that you mean as PNG.", drawing: "This is a drawing (SVG), not a photograph: save it as PNG.", text: "This is a text, not a picture.",
  unknown: "This is not a PNG, JPEG, BMP or TIFF file.", large: "This picture has {megapixels} megapixels, more than {most}: scale it down.", deep: "This {kind} has more than 8 bits a colour, which browsers do not read fully: save it with 8 bits.", cut_: "This {kind} is cut off: copy it again.", packed: "This {kind} is of a kind that this page does not read: save it as PNG.", damaged: "This {kind} is damaged, or of a kind that browsers do not read: save it anew as PNG.",
  gone: "The file can no longer be read: choose it again.", failed: "It did not work: {told}", slow: "It took too long and was stopped.", folder: "This is a folder: drop the pictures in it.", many: "Only the first {most} pictures were taken.", nothing: "There was no picture to take.",
};

const GERMAN = {
  language: "Deutsch",
  drop: "Fotos hierher ziehen", or: "oder", choose: "Dateien wählen", camera: "Foto aufnehmen", paste: "mit {keys} einfügen",
  stays: "Nichts verlässt diesen Rechner: Die Seite kann nichts senden.",
  kinds: "PNG, JPEG, BMP oder TIFF, bis 50 Megapixel, am besten {tall} × {wide} Pixel wie im Training.",
  try: "Eines davon versuchen", unpacking: "Das Modell wird ausgepackt …", ready: "Bereit. Dieser Browser rechnet richtig: an der Probe geprüft.",
  working: "{done} von {all} beantwortet, noch {left}", done: "{done} von {all} beantwortet.", doneOne: "Beantwortet.", failedSome: "{n} waren nicht zu lesen.",
  likely: "zu {percent} wahrscheinlich", sure: "Sicher", sureNone: "nichts", sureList: "eine von {list}", set: "Möglich",
  setTold: "Die richtige ist bei {share} der Bilder wie denen des Trainings darunter.",
  noSet: "Dieses Modell verspricht keine Menge möglicher Klassen.", chosen: "Gewählt", none: "keine",
  inside: "Ähnlich den Bildern, an denen das Modell gelernt hat.", outside: "Außerhalb: anders als die Bilder, an denen das Modell gelernt hat. Dieser Antwort ist nicht zu trauen.",
  all: "Alle Klassen", barSet: "{name}: {percent}, möglich", unknownScope: "Dieses Modell kann nicht sagen, ob ein Bild zu ihm passt.",
  map: "Was entschied", contributions: "dafür und dagegen", saliency: "Größe des Gradienten", why: "Warum", not: "und nicht", anyOther: "eine andere",
  hideMap: "Karte ausblenden (M)", showMap: "Karte zeigen (M)", legend: "Orange spricht dafür, Blau dagegen", legendSize: "je dunkler, desto mehr hängt die Antwort davon ab",
  mapRough: "Eine erste Karte; eine feinere entsteht: {step} von {of}.", mapWork: "Die Karte entsteht …", mapMade: "Die Karte ist da.",
  mapNote: "Eine Karte zeigt, worauf das Netz anspricht. Sie beweist nicht, wo eine Struktur liegt.", noWhy: "Dieses Modell macht keine Karten für und gegen: mit neuerem lsl-train trainieren.",
  alike: "Am ähnlichsten unter den Beispielen", alikeNote: "Nach den Merkmalen des Modells.", label: "Klasse {name}", itself: "dieses Bild selbst",
  same: "So genommen, wie es ist.", shrunk: "Verkleinert von {wide} × {tall} Pixeln.", cutBy: "Von Hand ausgeschnitten.",
  framed: "Dieses Bild hat {wide} × {tall} Pixel und eine andere Form als die Bilder des Modells. Es kam ganz in den Rahmen. Hat das Modell an ausgeschnittenen, gedrehten Objekten gelernt, dann bitte von Hand ausschneiden.",
  cut: "Von Hand ausschneiden (C)", again: "Wie es war", cutTitle: "Ausschneiden, drehen, spiegeln", cutTold: "Den Rahmen um das Objekt legen, so wie die Bilder des Modells es zeigen.",
  cutKeys: "Ziehen verschiebt, das Rad ändert die Größe. Pfeile verschieben, + und − Größe, Q und E drehen, R um ein Viertel, F spiegelt links und rechts, T oben und unten, Enter nimmt es.",
  left: "Nach links drehen", right: "Nach rechts drehen", quarter: "Vierteldrehung", flipX: "Links und rechts spiegeln", flipY: "Oben und unten spiegeln", smaller: "Kleiner", larger: "Größer", take: "Nehmen", cancel: "Abbrechen",
  frameAt: "Rahmen um {x}, {y}, {wide} Pixel breit, um {angle} Grad gedreht", flipped: ", gespiegelt",
  image: "Bild", answer: "Antwort", probability: "Wahrscheinlichkeit", remarks: "Bemerkungen", table: "Alle Bilder", csv: "Als CSV speichern", clear: "Alle entfernen", remove: "Entfernen", wait: "wartet", of: "{at} von {all}",
  previous: "Voriges (←)", next: "Nächstes (→)", outShort: "außerhalb", framedShort: "in den Rahmen gesetzt", cutShort: "von Hand ausgeschnitten",
  about: "Über dieses Modell", trained: "Gelernt an", fine: "{n} Bildern mit einer Klasse von {task}", coarseImages: "{n} Bildern mit nur grober Klasse", asked: "Es sagt", tested: "Geprüft an", testImages: "{n} Bildern aus {genes} Gruppen, die es nie sah",
  untested: "Es wurde nicht an ungesehenen Bildern geprüft.", accuracy: "richtig", within_one: "richtig oder daneben", parent_accuracy: "grobe Klasse richtig", coverage: "richtige Klasse unter den möglichen", ece: "Kalibrierungsfehler", macro_f1: "Makro-F1", by: "die häufigste Klasse allein: {percent}",
  notFor: "Nicht für", notForTold: "Nicht für andere Arten, Färbungen oder Aufnahmeweisen als im Training; nicht für Diagnosen; nicht als einziger Beleg eines Stadiums. Wahrscheinlichkeiten gelten für Bilder wie die des Trainings.",
  made: "Gemacht von", madeTold: "lsl-toolkit {version}, Gewichte mit {precision}, Modell {digest}", rounded: "16 Bit", exact: "32 Bit", onRounding: "Für diese Seite wurden seine Gewichte auf 16 Bit gerundet: {logits} der Größe eines Logits an der Probe.",
  licences: "Lizenzen", offline: "Diese Seite braucht kein Netz, und ihre eigenen Regeln verbieten jede Verbindung.", runs: "Sie läuft auf {name} {version}, mit einem Kern dieses Rechners.", threads: "Sie läuft auf {name} {version}, mit {n} Kernen dieses Rechners.",
  keys: "Tasten", keyList: "← → anderes Bild · M Karte · C ausschneiden · O Dateien wählen · P Foto aufnehmen · S als CSV speichern · Entf entfernen · ? diese Liste",
  theme: "Hell oder dunkel", tongue: "Sprache", skip: "Zur Antwort springen", close: "Schließen", shoot: "Aufnehmen", noCamera: "Hier geht keine Kamera: {told}",
  canvas: "Dieser Browser verändert Bilder, die eine Seite liest (ein Schutz vor Wiedererkennung, wie im Tor Browser oder mit resistFingerprinting). Antworten wären falsch: bitte einen anderen Browser nehmen oder es dieser Seite erlauben.",
  golden: "Dieser Browser rechnet anders: Bei der Probe weicht der Graph {graph} um {off} von {size} ab. Er gibt hier keine Antworten; bitte einen anderen Browser versuchen.",
  simd: "Dieser Browser kann das Modell nicht rechnen: Ihm fehlt WebAssembly mit SIMD. Bitte ein neueres Firefox, Chrome, Edge oder Safari nehmen.", old: "Dieser Browser ist zu alt: Ihm fehlt {what}. Bitte ein neueres Firefox, Chrome, Edge oder Safari nehmen.",
  file: "Die Teile dieser Seite sind von einer Platte nicht zu lesen. Der Ordner gehört auf einen Webserver; oder eine einzige Datei machen: lsl-store page ohne --split.",
  empty: "Die Datei ist leer.", other: "Das ist kein PNG, JPEG, BMP oder TIFF, sondern {kind}: als PNG speichern.", animation: "Das ist eine Animation ({kind}): das gemeinte Bild als PNG speichern.", drawing: "Das ist eine Zeichnung (SVG), kein Foto: als PNG speichern.", text: "Das ist ein Text, kein Bild.",
  unknown: "Das ist kein PNG, JPEG, BMP oder TIFF.", large: "Dieses Bild hat {megapixels} Megapixel, mehr als {most}: verkleinern.", deep: "Dieses {kind} hat mehr als 8 Bit je Farbe, was Browser nicht ganz lesen: mit 8 Bit speichern.", cut_: "Dieses {kind} ist abgeschnitten: noch einmal kopieren.", packed: "Diese Art von {kind} liest die Seite nicht: als PNG speichern.", damaged: "Dieses {kind} ist beschädigt oder von einer Art, die Browser nicht lesen: als PNG speichern.",
  gone: "Die Datei ist nicht mehr zu lesen: noch einmal wählen.", failed: "Es ging nicht: {told}", slow: "Es dauerte zu lange und wurde abgebrochen.", folder: "Das ist ein Ordner: die Bilder darin ziehen.", many: "Nur die ersten {most} Bilder wurden genommen.", nothing: "Da war kein Bild.",
};

export const TONGUES = { en: ENGLISH, de: GERMAN };
let tongue = "en";

export const spoken = () => tongue;

export function speak(name) {
  tongue = name in TONGUES ? name : "en";
  document.documentElement.lang = tongue;
}

export function t(key, values = {}) {
  const told = TONGUES[tongue][key] ?? ENGLISH[key] ?? key;
  return told.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

export const problemIn = ({ code, values }) => t(code === "cut" ? "cut_" : code, values);

export const percent = (share) => {
  const shown = share * 100;
  if (shown > 99 && shown < 100) return "> 99 %";
  return shown < 1 && shown > 0 ? "< 1 %" : `${Math.round(shown)} %`;
};

export const number = (count) => Number(count).toLocaleString(tongue);
