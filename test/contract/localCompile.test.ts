import { compileCases } from "./compileCases.ts";
import { localSubject } from "./localSubject.ts";

compileCases(localSubject("dbt111"));
