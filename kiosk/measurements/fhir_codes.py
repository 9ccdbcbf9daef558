"""What each quantity, status bit and detail is called in MDC, LOINC and UCUM. Tables only.

MDC (IEEE 11073-10101) says what the device measured, LOINC is what a clinic searches for; a code is given only where it
was found published for just this, so some quantities have an MDC code alone. MDC code = partition * 65536 + term.
Sources: HL7's PHD guide (CC0), FHIR R4 vital signs, LOINC's published names, the term list of IEEE 11073-104xx.
"""

from __future__ import annotations

import msgspec

from drivers.readings import Detail, Kind, QuantityName, SpecialValue, Status, Unit

MDC = "urn:iso:std:iso:11073:10101"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
DATA_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
STATUS_BIT = "http://hl7.org/fhir/uv/phd/CodeSystem/ASN1ToHL7"
YES_NO = "http://terminology.hl7.org/CodeSystem/v2-0136"
MEASUREMENT_STATUS = "http://hl7.org/fhir/uv/pocd/CodeSystem/measurement-status"


class Code(msgspec.Struct, frozen=True):
    """``mdc`` or ``loinc`` may be missing; ``name`` is MDC's reference identifier, or ours where MDC has no code."""

    mdc: str | None
    loinc: tuple[str, ...]
    name: str


BLOOD_PRESSURE = Code("150020", ("85354-9",), "MDC_PRESS_BLD_NONINV")
SUPPLEMENTAL_TYPE = Code("68193", (), "MDC_ATTR_SUPPLEMENTAL_TYPES")
ABSOLUTE_TIME = Code("67975", (), "MDC_ATTR_TIME_ABS")
CUFF_PULSE = Code("149546", ("8867-4",), "MDC_PULS_RATE_NON_INV")

QUANTITIES = {
    QuantityName.SYSTOLIC: Code("150021", ("8480-6",), "MDC_PRESS_BLD_NONINV_SYS"),
    QuantityName.DIASTOLIC: Code("150022", ("8462-4",), "MDC_PRESS_BLD_NONINV_DIA"),
    QuantityName.MEAN_ARTERIAL: Code("150023", ("8478-0",), "MDC_PRESS_BLD_NONINV_MEAN"),
    QuantityName.SPO2: Code("150456", ("2708-6", "59408-5"), "MDC_PULS_OXIM_SAT_O2"),
    QuantityName.PULSE_RATE: Code("149530", ("8867-4",), "MDC_PULS_OXIM_PULS_RATE"),
    QuantityName.PULSE_AMPLITUDE: Code("150320", (), "MDC_SAT_O2_QUAL"),
    QuantityName.WEIGHT: Code("188736", ("29463-7",), "MDC_MASS_BODY_ACTUAL"),
    QuantityName.HEIGHT: Code("188740", ("8302-2",), "MDC_LEN_BODY_ACTUAL"),
    QuantityName.BMI: Code("188752", ("39156-5",), "MDC_RATIO_MASS_BODY_LEN_SQ"),
    QuantityName.BODY_FAT: Code("188748", ("41982-0",), "MDC_BODY_FAT"),
    QuantityName.BASAL_METABOLISM: Code("188768", (), "MDC_BASAL_METABOLISM"),
    QuantityName.MUSCLE_PERCENTAGE: Code("188772", ("73965-6",), "MDC_BODY_MUSCLE"),
    QuantityName.MUSCLE_MASS: Code("188776", ("73964-9",), "MDC_MASS_BODY_MUSCLE"),
    QuantityName.FAT_FREE_MASS: Code("188756", (), "MDC_MASS_BODY_FAT_FREE"),
    QuantityName.SOFT_LEAN_MASS: Code("188760", (), "MDC_MASS_BODY_SOFT_LEAN"),
    QuantityName.WATER_MASS: Code("188764", ("101683-1",), "MDC_BODY_WATER"),
    QuantityName.IMPEDANCE: Code("188780", (), "MDC_BODY_ELECTRICAL_IMPEDANCE"),
    QuantityName.TEMPERATURE: Code("150364", ("8310-5",), "MDC_TEMP_BODY"),
    QuantityName.HBA1C: Code("160220", ("4548-4",), "MDC_CONC_HBA1C"),
}

# Fast and slow averages carry MDC only: who looks for the patient's SpO2 by LOINC finds one of each reading, not three.
SPO2_AVERAGE = Code("150456", (), "MDC_PULS_OXIM_SAT_O2")
PULSE_AVERAGE = Code("149530", (), "MDC_PULS_OXIM_PULS_RATE")

MODALITIES = {
    "spot": Code("150588", (), "MDC_MODALITY_SPOT"),
    "fast": Code("150580", (), "MDC_MODALITY_FAST"),
    "slow": Code("150584", (), "MDC_MODALITY_SLOW"),
}

TEMPERATURE_SITES = {
    "armpit": Code("188452", (), "MDC_TEMP_AXILLA"),
    "ear": Code("188428", (), "MDC_TEMP_EAR"),
    "finger": Code("188432", (), "MDC_TEMP_FINGER"),
    "gastrointestinal-tract": Code("188456", (), "MDC_TEMP_GIT"),
    "mouth": Code("188424", (), "MDC_TEMP_ORAL"),
    "rectum": Code("188420", (), "MDC_TEMP_RECT"),
    "toe": Code("188448", (), "MDC_TEMP_TOE"),
    "tympanum": Code("150392", (), "MDC_TEMP_TYMP"),
}

_CAPILLARY = (("41653-7",), ("14743-9",))
_BLOOD = (("2339-0",), ("15074-8",))
_PLASMA = (("2345-7",), ("14749-6",))
_GLUCOSE_SAMPLES = {
    "capillary-whole-blood": ("160184", "MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD", _CAPILLARY),
    "capillary-plasma": ("160188", "MDC_CONC_GLU_CAPILLARY_PLASMA", _CAPILLARY),
    "venous-whole-blood": ("160192", "MDC_CONC_GLU_VENOUS_WHOLEBLOOD", _BLOOD),
    "venous-plasma": ("160196", "MDC_CONC_GLU_VENOUS_PLASMA", _PLASMA),
    "arterial-whole-blood": ("160200", "MDC_CONC_GLU_ARTERIAL_WHOLEBLOOD", _BLOOD),
    "arterial-plasma": ("160204", "MDC_CONC_GLU_ARTERIAL_PLASMA", _PLASMA),
    "undetermined-whole-blood": ("160364", "MDC_CONC_GLU_UNDETERMINED_WHOLEBLOOD", _BLOOD),
    "undetermined-plasma": ("160368", "MDC_CONC_GLU_UNDETERMINED_PLASMA", _PLASMA),
    "interstitial-fluid": ("160212", "MDC_CONC_GLU_ISF", (("99504-3",), ())),
    "control-solution": ("160208", "MDC_CONC_GLU_CONTROL", ((), ())),
}


def glucose(sample_type: str | None, unit: Unit | None) -> Code:
    """The code of a glucose concentration: LOINC tells mass from moles, and blood from plasma and tissue fluid."""
    mdc, name, loinc = _GLUCOSE_SAMPLES.get(sample_type or "", ("160020", "MDC_CONC_GLU_GEN", _BLOOD))
    return Code(mdc, loinc[1] if unit is Unit.MILLIMOLE_PER_LITRE else loinc[0], name)


def uric_acid(unit: Unit | None) -> Code:
    """Urate by LOINC alone (3084-1 mass, 14933-6 moles, serum or plasma); MDC has no term that we could verify."""
    return Code(None, ("14933-6",) if unit is Unit.MILLIMOLE_PER_LITRE else ("3084-1",), "Uric acid")


CARBOHYDRATE = Code("8417764", (), "MDC_CTXT_GLU_CARB")
CARBOHYDRATES = {
    "breakfast": Code("8417768", (), "MDC_CTXT_GLU_CARB_BREAKFAST"),
    "lunch": Code("8417772", (), "MDC_CTXT_GLU_CARB_LUNCH"),
    "dinner": Code("8417776", (), "MDC_CTXT_GLU_CARB_DINNER"),
    "snack": Code("8417780", (), "MDC_CTXT_GLU_CARB_SNACK"),
    "drink": Code("8417784", (), "MDC_CTXT_GLU_CARB_DRINK"),
    "supper": Code("8417788", (), "MDC_CTXT_GLU_CARB_SUPPER"),
    "brunch": Code("8417792", (), "MDC_CTXT_GLU_CARB_BRUNCH"),
}

GLUCOSE_CONTEXT = {
    Detail.MEAL: (
        Code("8417864", (), "MDC_CTXT_GLU_MEAL"),
        {
            "before-meal": Code("8417868", (), "MDC_CTXT_GLU_MEAL_PREPRANDIAL"),
            "after-meal": Code("8417872", (), "MDC_CTXT_GLU_MEAL_POSTPRANDIAL"),
            "fasting": Code("8417876", (), "MDC_CTXT_GLU_MEAL_FASTING"),
            "casual": Code("8417880", (), "MDC_CTXT_GLU_MEAL_CASUAL"),
        },
    ),
    Detail.SAMPLE_LOCATION: (
        Code("8417844", (), "MDC_CTXT_GLU_SAMPLELOCATION"),
        {
            "finger": Code("8417848", (), "MDC_CTXT_GLU_SAMPLELOCATION_FINGER"),
            "alternate-site": Code("8417852", (), "MDC_CTXT_GLU_SAMPLELOCATION_AST"),
            "earlobe": Code("8417856", (), "MDC_CTXT_GLU_SAMPLELOCATION_EARLOBE"),
            "control-solution": Code("8417860", (), "MDC_CTXT_GLU_SAMPLELOCATION_CTRLSOLUTION"),
        },
    ),
    Detail.TESTER: (
        Code("8417884", (), "MDC_CTXT_GLU_TESTER"),
        {
            "self": Code("8417888", (), "MDC_CTXT_GLU_TESTER_SELF"),
            "health-care-professional": Code("8417892", (), "MDC_CTXT_GLU_TESTER_HCP"),
            "laboratory": Code("8417896", (), "MDC_CTXT_GLU_TESTER_LAB"),
        },
    ),
    Detail.HEALTH: (
        Code("8417820", (), "MDC_CTXT_GLU_HEALTH"),
        {
            "minor-health-issues": Code("8417824", (), "MDC_CTXT_GLU_HEALTH_MINOR"),
            "major-health-issues": Code("8417828", (), "MDC_CTXT_GLU_HEALTH_MAJOR"),
            "during-menses": Code("8417832", (), "MDC_CTXT_GLU_HEALTH_MENSES"),
            "under-stress": Code("8417836", (), "MDC_CTXT_GLU_HEALTH_STRESS"),
            "no-health-issues": Code("8417840", (), "MDC_CTXT_GLU_HEALTH_NONE"),
        },
    ),
    Detail.EXERCISE: (Code("8417760", (), "MDC_CTXT_GLU_EXERCISE"), {}),
    Detail.MEDICATION: (Code("8417796", (), "MDC_CTXT_MEDICATION"), {}),
}
"""What a meter knows beside the value: the code of the question, and those of its answers. What has none here (bedtime
has two in the published lists) goes as the device's word."""

NOT_AVAILABLE = "not-available"

DEVICE_PROFILES = {
    Kind.BLOOD_PRESSURE: Code("528391", (), "MDC_DEV_SPEC_PROFILE_BP"),
    Kind.PULSE_OXIMETRY: Code("528388", (), "MDC_DEV_SPEC_PROFILE_PULS_OXIM"),
    Kind.WEIGHT: Code("528399", (), "MDC_DEV_SPEC_PROFILE_SCALE"),
    Kind.BODY_COMPOSITION: Code("528404", (), "MDC_DEV_SPEC_PROFILE_BCA"),
    Kind.TEMPERATURE: Code("528392", (), "MDC_DEV_SPEC_PROFILE_TEMP"),
    Kind.GLUCOSE: Code("528401", (), "MDC_DEV_SPEC_PROFILE_GLUCOSE"),
    Kind.URIC_ACID: Code("528401", (), "MDC_DEV_SPEC_PROFILE_GLUCOSE"),
}

BLOOD_PRESSURE_STATUS = Code("8410608", (), "MDC_BLOOD_PRESSURE_MEASUREMENT_STATUS")
OXIMETER_STATUS = Code("150604", (), "MDC_PULS_OXIM_DEV_STATUS")
GLUCOSE_METER_STATUS = Code("8417752", (), "MDC_GLU_METER_DEV_STATUS")

# MDER counts from the high bit and Bluetooth from the low one; the meaning is what is matched here.
STATUS_BITS = {
    Kind.BLOOD_PRESSURE: (
        BLOOD_PRESSURE_STATUS,
        {
            Status.BODY_MOVED: 0,
            Status.CUFF_TOO_LOOSE: 1,
            Status.IRREGULAR_PULSE: 2,
            Status.PULSE_ABOVE_RANGE: 3,
            Status.PULSE_BELOW_RANGE: 4,
            Status.IMPROPER_POSITION: 5,
        },
    ),
    Kind.PULSE_OXIMETRY: (
        OXIMETER_STATUS,
        {
            Status.SENSOR_DISCONNECTED: 0,
            Status.SENSOR_MALFUNCTIONING: 1,
            Status.SENSOR_DISPLACED: 2,
            Status.UNKNOWN_SENSOR: 3,
            Status.SENSOR_UNCONNECTED: 4,
            Status.NO_FINGER: 4,
            Status.SENSOR_INTERFERENCE: 5,
            Status.SIGNAL_ANALYSIS_ONGOING: 6,
            Status.SEARCHING: 6,
            Status.QUESTIONABLE_PULSE: 7,
            Status.NON_PULSATILE: 8,
            Status.ERRATIC_SIGNAL: 9,
            Status.LOW_PERFUSION: 10,
            Status.POOR_SIGNAL: 11,
            Status.WEAK_SIGNAL: 11,
            Status.INADEQUATE_SIGNAL: 12,
            Status.NO_SIGNAL: 12,
            Status.SIGNAL_PROCESSING_IRREGULARITY: 13,
            Status.EQUIPMENT_MALFUNCTION: 14,
            Status.EXTENDED_DISPLAY_UPDATE: 15,
        },
    ),
    Kind.GLUCOSE: (
        GLUCOSE_METER_STATUS,
        {
            Status.LOW_BATTERY: 0,
            Status.DEVICE_MALFUNCTION: 1,
            Status.SAMPLE_TOO_SMALL: 2,
            Status.STRIP_INSERTION_ERROR: 3,
            Status.WRONG_STRIP: 4,
            Status.RESULT_TOO_HIGH: 5,
            Status.RESULT_TOO_LOW: 6,
            Status.TOO_HOT: 7,
            Status.TOO_COLD: 8,
            Status.READ_INTERRUPTED: 9,
            Status.GENERAL_FAULT: 10,
        },
    ),
}

QUESTIONABLE = frozenset(
    {
        Status.QUESTIONABLE,
        Status.BODY_MOVED,
        Status.CUFF_TOO_LOOSE,
        Status.IMPROPER_POSITION,
        Status.PULSE_ABOVE_RANGE,
        Status.PULSE_BELOW_RANGE,
        Status.SIGNAL_PROCESSING_IRREGULARITY,
        Status.INADEQUATE_SIGNAL,
        Status.POOR_SIGNAL,
        Status.WEAK_SIGNAL,
        Status.LOW_PERFUSION,
        Status.MARGINAL_PERFUSION,
        Status.ERRATIC_SIGNAL,
        Status.NON_PULSATILE,
        Status.QUESTIONABLE_PULSE,
        Status.OUT_OF_TRACK,
        Status.ARTIFACT,
        Status.SENSOR_INTERFERENCE,
        Status.SENSOR_DISPLACED,
        Status.UNKNOWN_SENSOR,
        Status.TOO_HOT,
        Status.TOO_COLD,
    }
)
"""Under these the number is sent, marked as doubtful. An irregular pulse is a finding about the patient, no doubt."""

INTERPRETATIONS = {
    Status.CALIBRATION_ONGOING: "calibration-ongoing",
    Status.VALIDATED_DATA: "validated-data",
    Status.EARLY_ESTIMATE: "early-indication",
}

ABSENT_BY_STATUS = {
    Status.INVALID: "error",
    Status.UNAVAILABLE: "not-performed",
    Status.MEASUREMENT_ONGOING: "temp-unknown",
}
"""Under these no number is sent, whatever the device put in its place (PHD guide, measurement status)."""

MISSING_BY_STATUS = {
    Status.RESULT_TOO_HIGH: "positive-infinity",
    Status.RESULT_TOO_LOW: "negative-infinity",
}
"""Why a device that says so has left its number out."""

TEST_DATA = frozenset({Status.DEMONSTRATION, Status.TESTING, Status.CONTROL_SOLUTION})

ABSENT_REASONS = {
    SpecialValue.NOT_A_NUMBER: "not-a-number",
    SpecialValue.NOT_AT_THIS_RESOLUTION: "error",
    SpecialValue.POSITIVE_INFINITY: "positive-infinity",
    SpecialValue.NEGATIVE_INFINITY: "negative-infinity",
    SpecialValue.RESERVED: "error",
}

UNIT_NAMES = {
    Unit.MILLIMETRE_OF_MERCURY: "mmHg",
    Unit.POUND: "lb",
    Unit.INCH: "in",
    Unit.CELSIUS: "°C",
    Unit.FAHRENHEIT: "°F",
}
"""Units that people do not write as UCUM does."""
