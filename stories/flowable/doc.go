// Package flowable holds a test only: the story of an engine of Flowable, made
// from its free parts, whose cases, attachments and documents are captured
// while it works, and come back by the run book alone after all was lost.
package flowable
