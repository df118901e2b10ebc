import { fusionSubject } from "./fusionSubject.ts";
import { verbCases } from "./verbCases.ts";

verbCases(fusionSubject);
