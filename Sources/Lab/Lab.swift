// Declarations of Lab follow in its folders.
