import { describe, expect, test } from 'vitest'
import { inLuminanceOf, luminanceOf } from '../../web/src/brand-colors.ts'

const contrast = (one: string, other: string) => {
  const [light, dark] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

describe('a color of a brand', () => {
  // Those of the theme for links and buttons on white, and for text in the dark.
  const brands = ['#ffff00', '#ff0000', '#00ff00', '#0000ff', '#000000', '#ffffff', '#7a1fa2', '#f5f5dc', '#001a00']

  test.each(brands)('%s is readable wherever the color of the theme is', (brand) => {
    expect(contrast(inLuminanceOf(brand, '#1a6476'), '#ffffff')).toBeGreaterThan(4.5)
    expect(contrast(inLuminanceOf(brand, '#237486'), '#ffffff')).toBeGreaterThan(4.5)
    expect(contrast(inLuminanceOf(brand, '#7db6c3'), '#242424')).toBeGreaterThan(4.5)
    for (const example of ['#e9f4f6', '#5aa1b1', '#1a6476', '#084251', '#1b3840']) {
      expect(Math.abs(luminanceOf(inLuminanceOf(brand, example)) - luminanceOf(example))).toBeLessThan(0.006)
    }
  })

  test('keeps its hue, and is itself at its own luminance', () => {
    expect(inLuminanceOf('#7a1fa2', '#7a1fa2')).toBe('#7a1fa2')
    expect(inLuminanceOf('#ff0000', '#1a6476')).toMatch(/^#[8-f].0000$/)
  })
})
