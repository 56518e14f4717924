// Declarations of Inventory follow in its folders.
