# A cycle into PostgreSQL over TCP: the server's certificate and name are verified, the password comes from pgpass.

password=correct-horse
cluster=/etc/postgresql/15/main
echo "127.0.0.1 db.rollcall.test other.rollcall.test" >> /etc/hosts
(
    cd /run || exit
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Test authority" -keyout ca.key -out ca.crt
    openssl req -newkey rsa:2048 -nodes -subj "/CN=db.rollcall.test" -keyout db.key -out db.csr
    echo "subjectAltName=DNS:db.rollcall.test" > db.ext
    openssl x509 -req -days 2 -in db.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile db.ext -out db.crt
    cp ca.crt /etc/rollcall/database-ca.pem
    install -m 0600 -o postgres db.key db.crt $cluster
) > /run/openssl.log 2>&1
sql "ALTER ROLE rollcall PASSWORD '$password'"
cat >> $cluster/postgresql.conf <<END
ssl = on
ssl_cert_file = '$cluster/db.crt'
ssl_key_file = '$cluster/db.key'
END
cat > $cluster/pg_hba.conf <<'END'
local   rollcall rollcall              reject
local   all      all                   peer
hostssl all      all      127.0.0.1/32 scram-sha-256
END
systemctl restart postgresql@15-main
echo "*:*:rollcall:rollcall:$password" | install -m 0600 -o rollcall /dev/stdin /etc/rollcall/pgpass

connect_to() {
    configure <<END
database { conninfo = "host=$1 dbname=rollcall sslmode=verify-full sslrootcert=/etc/rollcall/database-ca.pem" }
sync { interval = 1s confirm_after = 1s }
END
    systemctl restart $unit
}

connect_to other.rollcall.test
check "a certificate for another name is refused" eventually status_says "does not match"

connect_to db.rollcall.test
give_flag true
check "a cycle arrives over TCP" eventually flag_is t
check "encrypted" sql_says "SELECT DISTINCT ssl, client_addr FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                            WHERE usename = 'rollcall'" "t|127.0.0.1"
check "an administrator's commands know the password, too" runuser -u rollcall -- rollcall check
check "the password is not in the journal" fails logged "$password"
