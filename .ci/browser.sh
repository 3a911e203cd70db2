# The browsers of the tests; to be sourced after lib.sh, gives `prepare_browser`.
# shellcheck shell=bash

prepare_browser() {
  # Chromium without windows costs a third less time, and has no settings, which one suite needs. Without a font nothing has a size.
  step 'Debian packages for the browsers' retry 3 "$COUNTERSIGN_CI_DIR/packages.sh" \
    chromium=chromium chromium-headless-shell=chromium-headless-shell firefox-esr=firefox-esr WebKitWebDriver=webkit2gtk-driver Xvfb=xvfb \
    /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf=fonts-dejavu-core
}
