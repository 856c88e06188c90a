/** The one file that the FTP server has, whatever its name. */
export const FTP_CONTENT = 'a file\n';
