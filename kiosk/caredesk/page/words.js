// The words of measurements for staff, in plain bokmål: every state, reason and remark, and what to do; no logic.
export const KIND_NAMES = {
  "blood-pressure": "Blodtrykk",
  "pulse-oximetry": "Oksygen",
  weight: "Vekt",
  temperature: "Temperatur",
  glucose: "Blodsukker",
  "body-fat": "Kroppsfett",
};

export const NOTHING_ASKED = { text: "Ingen måling er bedt om.", advice: "" };
export const SENDING = { text: "Forespørselen sendes …", advice: "" };
export const RECEIVED = { text: "Skjermen har fått forespørselen.", advice: "" };
export const NOT_SENT = { text: "Forespørselen kom ikke fram", advice: "Prøv en gang til." };
export const FETCHING = { text: "Målingen er levert. Henter tallet …", advice: "" };
export const CALL_OVER = {
  text: "Samtalen er over før målingen kom.",
  advice: "Måler pasienten likevel, kommer tallet i listen under.",
};

/** FHIR Task statuses on the way; the last ones stand in RESULTS and REASONS. */
export const PROGRESS = {
  accepted: { text: "Pasienten blir veiledet.", advice: "" },
  "on-hold": { text: "Skjermen venter på svar fra pasienten.", advice: "" },
  "in-progress": { text: "Måler …", advice: "" },
};
export const SAVED = { text: "Målt, sendes …", advice: "Målingen er lagret på skjermen." };
export const OWNER_ASKED = {
  text: "Spørsmål om hvem målingen gjelder.",
  advice: "Be pasienten svare «Ja, min» eller «Nei» på skjermen.",
};

/** How a completed request ended. */
export const RESULTS = {
  good: { text: "Målingen er mottatt.", advice: "" },
  doubtful: { text: "Målingen er mottatt, men er usikker.", advice: "Se merknadene. Be gjerne om en ny måling." },
  preliminary: { text: "Et foreløpig tall er mottatt.", advice: "Be om en ny måling for et endelig tall." },
  empty: { text: "Målingen er mottatt uten tall.", advice: "" },
  test: { text: "Målingen er mottatt.", advice: "Dette er testdata, ikke pasientens tall." },
  missing: { text: "Målingen er levert, men ble ikke funnet.", advice: "Se i journalen." },
  stranger: { text: "Målingen som kom, står ikke på denne pasienten.", advice: "Den vises ikke her. Meld fra til drift." },
  silent: { text: "Målingen er levert, men journalen svarer ikke.", advice: "Tallet er trygt. Det kommer i listen under." },
  weightless: { text: "Vekten er ikke kommet ennå.", advice: "Den kommer i listen under." },
};

export const REJECTED = {
  text: "Skjermen tok ikke imot forespørselen.",
  advice: "Bare de som er oppført som pleie hos pasienten, kan be om målinger, og bare i en samtale.",
};
export const FAILED = { text: "Målingen ble ikke gjennomført.", advice: "" };

/** statusReason of a Task that failed or waits: the kiosk's MeasurementFault values and its own reasons. */
export const REASONS = {
  "no-value": { text: "Måleren ga ikke noe tall.", advice: "Be pasienten sitte i ro, og be om målingen igjen." },
  "cuff-too-loose": { text: "Mansjetten satt for løst.", advice: "Be pasienten stramme den, og be om målingen igjen." },
  "body-moved": { text: "Pasienten beveget seg.", advice: "Be pasienten sitte i ro, og be om målingen igjen." },
  "improper-position": {
    text: "Måleren satt i feil stilling.",
    advice: "Be pasienten hvile armen på bordet, og be om målingen igjen.",
  },
  "no-finger": { text: "Måleren fant ingen finger.", advice: "Be pasienten sette den på, og be om målingen igjen." },
  "not-stable": { text: "Tallet ble ikke rolig.", advice: "Be pasienten holde seg i ro, og be om målingen igjen." },
  implausible: {
    text: "Tallet kan ikke stemme, og er ikke sendt.",
    advice: "Be om målingen igjen. Bytt måler hvis det gjentar seg.",
  },
  "not-a-patient": {
    text: "Måleren sendte en prøve eller kontrollmåling.",
    advice: "Den regnes ikke som pasientens. Be om målingen igjen.",
  },
  "time-unknown": {
    text: "Klokken på måleren stemmer ikke, så tidspunktet er ukjent.",
    advice: "Tallet ligger på skjermen og er ikke sendt. Be om en ny måling.",
  },
  "owner-unknown": {
    text: "Det er ukjent hvem målingen gjelder.",
    advice: "Den er ikke sendt. Be pasienten svare på skjermen, eller be om en ny måling.",
  },
  "owner-asked": OWNER_ASKED,
  "owner-denied": {
    text: "Pasienten svarte at målingen gjelder noen andre.",
    advice: "Den blir ikke sendt. Be om en ny måling.",
  },
  "owner-unanswered": {
    text: "Pasienten svarte ikke på hvem målingen gjelder.",
    advice: "Den er ikke sendt. Be om en ny måling.",
  },
  "above-range": { text: "Tallet er over måleområdet.", advice: "Vurder tilstanden på annen måte." },
  "below-range": { text: "Tallet er under måleområdet.", advice: "Vurder tilstanden på annen måte." },
  "device-not-found": {
    text: "Fant ingen måler.",
    advice: "Spør om pasienten har en slik måler, om den er slått på og ligger nær skjermen. Be så om målingen igjen.",
  },
  "link-lost": {
    text: "Mistet kontakten med måleren.",
    advice: "Be pasienten ha den nær skjermen, og be om målingen igjen.",
  },
  "not-understood": {
    text: "Skjermen forstod ikke måleren.",
    advice: "Be om målingen igjen. Meld fra til drift hvis det gjentar seg.",
  },
  "pair-again": { text: "Måleren må kobles til på nytt.", advice: "Meld fra til den som installerer utstyret." },
  "bluetooth-off": { text: "Skjermen når ikke måleren nå.", advice: "Noter tallet for hånd, og meld fra til drift." },
  "not-saved": { text: "Skjermen kunne ikke lagre målingen.", advice: "Noter tallet for hånd, og meld fra til drift." },
  held: {
    text: "Journalen tok ikke imot målingen.",
    advice: "Den er trygt lagret på skjermen. Noter tallet for hånd, og meld fra til drift.",
  },
  stopped: { text: "Pasienten avbrøt målingen.", advice: "Be om den igjen når pasienten er klar." },
  replaced: { text: "En annen måling ble bedt om i stedet.", advice: "" },
};

/** dataAbsentReason of a reading without a number. */
export const ABSENT = {
  "positive-infinity": "Over måleområdet",
  "negative-infinity": "Under måleområdet",
  "not-a-number": "Måleren ga ikke noe tall",
  "not-performed": "Måleren målte ikke dette",
  "temp-unknown": "Målingen var ikke ferdig",
  error: "Feil på målingen",
  unknown: "Tallet mangler",
};

/** What a device says beside its number (status bits). */
export const FLAGS = {
  "body-moved": "Pasienten beveget seg",
  "cuff-too-loose": "Mansjetten satt løst",
  "irregular-pulse": "Uregelmessig puls",
  "pulse-above-range": "Pulsen var over måleområdet",
  "pulse-below-range": "Pulsen var under måleområdet",
  "improper-position": "Måleren satt i feil stilling",
  questionable: "Måleren er usikker på tallet",
  "signal-processing-irregularity": "Ujevnt signal",
  "inadequate-signal": "For svakt signal",
  "poor-signal": "Dårlig signal",
  "weak-signal": "Svakt signal",
  "no-signal": "Ikke noe signal",
  "erratic-signal": "Urolig signal",
  artifact: "Forstyrrelse i signalet",
  "low-perfusion": "Svak sirkulasjon i fingeren",
  "marginal-perfusion": "Noe svak sirkulasjon i fingeren",
  "non-pulsatile": "Fant ikke pulsslag",
  "questionable-pulse": "Usikker puls",
  "out-of-track": "Måleren mistet pulsen underveis",
  "signal-analysis-ongoing": "Signalet var ikke ferdig vurdert",
  searching: "Måleren lette etter pulsen",
  "no-finger": "Ingen finger i måleren",
  "sensor-interference": "Sensoren ble forstyrret, for eksempel av sterkt lys",
  "sensor-displaced": "Sensoren satt feil",
  "sensor-unconnected": "Sensoren satt ikke på",
  "sensor-disconnected": "Sensoren var koblet fra",
  "sensor-malfunctioning": "Feil på sensoren",
  "unknown-sensor": "Ukjent sensor",
  "equipment-malfunction": "Feil på måleren",
  "extended-display-update": "Måleren oppdaterte tallet saktere enn vanlig",
  "low-battery": "Lite batteri i måleren",
  "device-malfunction": "Feil på måleren",
  "sample-too-small": "For lite blod på strimmelen",
  "strip-insertion-error": "Strimmelen satt feil",
  "wrong-strip": "Feil strimmel",
  "result-too-high": "Over måleområdet",
  "result-too-low": "Under måleområdet",
  "too-hot": "Måleren var for varm",
  "too-cold": "Måleren var for kald",
  "read-interrupted": "Strimmelen ble tatt ut for tidlig",
  "general-fault": "Feil på målingen",
};
export const OTHER_FLAG = "Merknad fra måleren:";

/** How doubts and kinds of data are marked beside a number: long, and short for the list. */
export const MARKS = {
  test: { long: "Testdata", short: "test" },
  doubtful: { long: "Usikker", short: "usikker" },
  preliminary: { long: "Foreløpig", short: "foreløpig" },
};

export const SITES = {
  armpit: "Målt under armen",
  ear: "Målt i øret",
  tympanum: "Målt i øret",
  finger: "Målt på fingeren",
  "gastrointestinal-tract": "Målt i mage eller tarm",
  mouth: "Målt i munnen",
  rectum: "Målt i endetarmen",
  toe: "Målt på tåen",
};

export const MEALS = {
  "before-meal": "Før måltid",
  "after-meal": "Etter måltid",
  fasting: "Fastende",
  casual: "Uten fast tid til måltid",
  bedtime: "Ved leggetid",
};

/** UCUM codes to what people write; what is not here stands as it was sent. */
export const UNITS = {
  "mm[Hg]": "mmHg",
  Cel: "°C",
  "[degF]": "°F",
  "[lb_av]": "pund",
  "/min": "slag/min",
};

export const READINGS = {
  none: "Ingen målinger ennå.",
  unreachable: "Journalen svarer ikke nå.",
  unknownTime: "ukjent tid",
  pulse: "Puls",
  mean: "Middeltrykk",
};
