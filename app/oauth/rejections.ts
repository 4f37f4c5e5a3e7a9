// How an authorization server says that it does not take the resource parameter.
// Alone in its file, since replies are judged below everything that explains them.

/** The end of a detail that names the cure. */
export const tryOmitResource = ' (try the quirk omitResource)'

/** RFC 8707 section 2; Entra v2 says it in the description of another error. */
export function rejectsResource(code: string, description: string): boolean {
  return code === 'invalid_target' || /AADSTS(901002|9010010)\b/.test(description)
}
