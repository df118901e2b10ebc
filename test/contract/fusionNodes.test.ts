import { compileNodeCases } from "./compileNodeCases.ts";
import { fusionSubject } from "./fusionSubject.ts";
import { manifestCases } from "./manifestCases.ts";
import { previewCases } from "./previewCases.ts";

compileNodeCases(fusionSubject);
previewCases(fusionSubject);
manifestCases(fusionSubject);
