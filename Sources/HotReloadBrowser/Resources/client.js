// The browser's side of live reload; see Documentation/LIVE-RELOAD.md.
