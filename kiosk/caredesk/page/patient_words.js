// The words of the patient's side of a call for staff, in plain bokmål; no logic.
export const LINE = {
  good: { text: "God linje", tone: "good" },
  weak: { text: "Svak linje", tone: "doubt" },
  bad: { text: "Svært svak linje", tone: "bad" },
};
export const OTHER_LINE = { text: "Linjen er ikke vurdert", tone: "doubt" };
export const SILENT = { text: "Skjermen har ikke meldt fra på en stund", tone: "doubt" };

export const SCREENS = {
  call: "Samtalen",
  measuring: "Samtalen og veiledning til måling",
  measured: "Samtalen og målingen",
  "not-measured": "Samtalen og at målingen ikke ble noe av",
  "owner-question": "Spørsmål om hvem en måling gjelder",
};
export const OTHER_SCREEN = "Noe annet";

export const WORKS = "Virker";
export const BROKEN = "Virker ikke";
export const OUTPUTS = {
  loop: "Virker, i teleslyngen", headset: "Virker, i hodetelefonene", bluetooth: "Virker, over Bluetooth",
};
export const STANDS_IN = "Høyttaleren brukes.";
export const MISSING = {
  loop: "Teleslyngen er ikke koblet til.", headset: "Hodetelefonene er ikke koblet til.",
  bluetooth: "Bluetooth-utstyret er ikke koblet til.",
};
export const OTHER_MISSING = "Det valgte utstyret er ikke koblet til.";
export const NO_CAMERA = "Kameraet virker ikke";
export const MICROPHONE = { none: "Ukjent", silent: "Stille", quiet: "Svak lyd", heard: "Lyd", loud: "Svært høy lyd" };
export const NO_PICTURE = "Ikke noe bilde";

export const PICTURES_PER_SECOND = "bilder/s";
export const LOST = "mistet";
export const ROUND_TRIP = "fram og tilbake";

/** The picture is too small or too slow, or the sound does not go with it: for whom. */
export const SIGNING = {
  both: "Bildet er for dårlig til tegnspråk nå, begge veier.",
  to: "Bildet er for dårlig til tegnspråk nå hos pasienten.",
  from: "Bildet er for dårlig til tegnspråk nå hos deg.",
};
