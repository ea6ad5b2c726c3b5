// Package models has the types that do not vary with the document.
package models
