// Properties are tried with the same inputs in every run, so that a run tells of what was changed and not of a new draw.
// Others are drawn with PROPERTY_SEED=NUMBER, or PROPERTY_SEED=random for new ones each time; whoever changes the code behind
// a property does that (CONTRIBUTING.md).
import fc from "fast-check";

const DEFAULT_SEED = 20_260_101;

const { PROPERTY_SEED } = process.env;
if (PROPERTY_SEED !== "random") fc.configureGlobal({ seed: Number(PROPERTY_SEED ?? DEFAULT_SEED) });
