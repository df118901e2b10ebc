import { localSubject } from "./localSubject.ts";
import { previewCases } from "./previewCases.ts";

/** The oldest minor that is supported. */
previewCases(localSubject("dbt18"));
