/** How this installation looks, as the service says in the document. */
export const branding = {
  productName: contentOf('countersign-product') || 'Countersign',
  /** The path of the logo; empty if there is none. */
  logo: contentOf('countersign-logo'),
  /** Such as `#7a1fa2`; empty for that of the theme. */
  primaryColor: contentOf('countersign-color')
}

function contentOf(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? ''
}

/** The icon of the tab. */
export function showIcon(page: Document): void {
  const icon = page.querySelector<HTMLLinkElement>('link[rel="icon"]')
  if (icon && branding.logo) icon.href = branding.logo
}
