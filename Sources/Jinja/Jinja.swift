// Declarations of Jinja follow in its folders.
