// How often tests that repeat one thing repeat it: a few times in `npm test`, their full number in `npm run soak`.
// Whatever imports this file is run by the soak.

/** True in `npm run soak`. */
export const isSoak = Boolean(process.env.TOKENTRAY_SOAK)

export const times = (usual: number, inSoak: number): number => (isSoak ? inSoak : usual)
