import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'
import { inLuminanceOf } from './brand-colors.ts'
import { branding } from './branding.ts'
import { say } from './texts/say.ts'

const petrol: MantineColorsTuple = [
  '#e9f4f6',
  '#d5e8ec',
  '#aacfd8',
  '#7db6c3',
  '#5aa1b1',
  '#3b8a9c',
  '#237486',
  '#1a6476',
  '#125364',
  '#084251'
]

/** Made again for each language, since it has a text. */
/** A color of the brand in the place of one of the theme. */
const ofBrand = (color: string) => (branding.primaryColor ? inLuminanceOf(branding.primaryColor, color) : color)

const brand = petrol.map(ofBrand) as unknown as MantineColorsTuple

export const createPageTheme = () =>
  createTheme({
    primaryColor: 'brand',
    primaryShade: { light: 7, dark: 6 },
    colors: { brand },
    defaultRadius: 'md',
    respectReducedMotion: true,
    cursorType: 'pointer',
    fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
    headings: {
      fontWeight: '650',
      sizes: {
        h1: { fontSize: '1.75rem', lineHeight: '1.25' },
        h2: { fontSize: '1.1875rem', lineHeight: '1.35' },
        h3: { fontSize: '1rem', lineHeight: '1.4' }
      }
    },
    components: {
      InputWrapper: { defaultProps: { withAsterisk: false } },
      Modal: {
        defaultProps: {
          centered: true,
          radius: 'lg',
          styles: { title: { fontWeight: 650 } },
          closeButtonProps: { 'aria-label': say('common.close') },
          // It is a <header> element, and the page has its banner.
          attributes: { header: { role: 'presentation' } }
        }
      }
    }
  })

const redFilled = { '--mantine-color-red-filled': '#c92a2a', '--mantine-color-red-filled-hover': '#b02525' }

/** Where the colours of the library stay under a contrast of 4.5:1, these take their place. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...redFilled,
    '--track-background': '#e6ecee',
    '--mantine-color-text': '#1c2529',
    '--mantine-color-dimmed': '#4d585e',
    '--mantine-color-error': '#b92525',
    '--mantine-color-placeholder': '#5f6b72',
    '--mantine-color-gray-light-color': '#39444a',
    '--mantine-color-brand-light-color': brand[8],
    '--mantine-color-green-light-color': '#1b6630',
    '--mantine-color-yellow-light-color': '#744400',
    '--mantine-color-red-light-color': '#a51f1f'
  },
  dark: {
    ...redFilled,
    '--track-background': 'var(--mantine-color-dark-5)',
    '--mantine-color-text': '#d3d6d8',
    '--mantine-color-dimmed': '#a4aaae',
    '--mantine-color-anchor': brand[3],
    '--mantine-color-error': '#ff9c9c',
    '--mantine-color-placeholder': '#989ea3',
    '--mantine-color-gray-light': '#34383b',
    '--mantine-color-brand-light': ofBrand('#1b3840'),
    '--mantine-color-brand-light-hover': ofBrand('#21454f'),
    '--mantine-color-green-light': '#1d3a26',
    '--mantine-color-yellow-light': '#413418',
    '--mantine-color-red-light': '#452325',
    '--mantine-color-red-light-hover': '#54292b',
    '--mantine-color-gray-light-color': '#ced4da',
    '--mantine-color-brand-light-color': brand[2],
    '--mantine-color-green-light-color': '#a3e5b1',
    '--mantine-color-yellow-light-color': '#ffe08a',
    '--mantine-color-red-light-color': '#ffb3b3'
  }
})
