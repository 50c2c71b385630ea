-- Exchange 3 of a cycle, alone; also the end of a snapshot.
COMMIT;
