# The browsers of the tests; to be sourced after lib.sh, gives `prepare_browser`.
# shellcheck shell=bash

prepare_browser() {
  # Without a font nothing has a size.
  step 'Debian packages for the browsers' retry 3 "$COUNTERSIGN_CI_DIR/packages.sh" \
    chromium=chromium firefox-esr=firefox-esr WebKitWebDriver=webkit2gtk-driver Xvfb=xvfb \
    /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf=fonts-dejavu-core
}
