/** Colors of a brand, as light as those of the theme: contrast (WCAG 2.2) depends on that alone, so text stays readable. */

type Rgb = readonly [red: number, green: number, blue: number]

/** @returns a color with the hue of one and the relative luminance of the other, both as `#rrggbb` */
export function inLuminanceOf(color: string, example: string): string {
  const [of, wanted] = [linear(color), luminance(linear(example))]
  const own = luminance(of)
  if (own > wanted) return hex(of.map((part) => (part * wanted) / own))
  return hex(of.map((part) => part + ((1 - part) * (wanted - own)) / (1 - own)))
}

/** The relative luminance of a color, from 0 to 1. */
export function luminanceOf(color: string): number {
  return luminance(linear(color))
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function linear(color: string): Rgb {
  const part = (at: number) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return [part(1), part(3), part(5)]
}

function hex(parts: readonly number[]): string {
  const digits = parts.map((part) => {
    const value = part <= 0.0031308 ? part * 12.92 : 1.055 * part ** (1 / 2.4) - 0.055
    return Math.round(Math.min(Math.max(value, 0), 1) * 255)
      .toString(16)
      .padStart(2, '0')
  })
  return `#${digits.join('')}`
}
