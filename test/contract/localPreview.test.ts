import { localSubject } from "./localSubject.ts";
import { previewCases } from "./previewCases.ts";

previewCases(localSubject("dbt111"));
