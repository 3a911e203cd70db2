/** The commit of the last release: what installations run when this version comes. To be changed with each release. */
export const lastRelease = '9f062b6'
