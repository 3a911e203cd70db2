# The browser of the tests; to be sourced after lib.sh, gives `prepare_browser`.
# shellcheck shell=bash

prepare_browser() {
  # Without a font nothing has a size.
  step 'Debian packages for the browser' retry 3 "$COUNTERSIGN_CI_DIR/packages.sh" \
    chromium=chromium /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf=fonts-dejavu-core
}
