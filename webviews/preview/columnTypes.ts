/** Names of types, as warehouses write them. */
export const numericType =
  /^(?!interval|struct|map|union)(?!.*\[\d*\]$).*(?:int|numeric|decimal|double|float|real|number|money)/i;

/** Of values that the rows have as JSON. */
export const nestedType =
  /\[\d*\]$|^(?:struct|map|list|array|row|record|super|variant|object|jsonb?|union)\b/i;
