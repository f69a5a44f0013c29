-- A material that an operator does not want to be tried again for now (tongbanctl queue park).
ALTER TABLE material_out ADD COLUMN parked INTEGER NOT NULL DEFAULT 0 CHECK (parked IN (0, 1));
